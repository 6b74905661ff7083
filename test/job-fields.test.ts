import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import mongoose from 'mongoose'
import { Context } from '../src/cli/context.ts'
import { buildProgram } from '../src/cli/program.ts'
import type { NewJob } from '../src/domain/job.ts'
import { fieldNames, GIVEN_FIELDS, JOB_FIELDS, type Kinds, STORED_FIELDS } from '../src/domain/job-fields.ts'
import { freshJob } from '../src/store/insertion.ts'
import { modelsOn } from '../src/store/mongo/models.ts'
import { MIGRATIONS } from '../src/store/sqlite/schema.ts'
import { jobToJson } from '../src/views/job-view.ts'
import { mongoBench } from './contract/bench-mongo.ts'
import { sqliteBench } from './contract/bench-sqlite.ts'
import { type Bench, mustGet } from './contract/kit.ts'
import { needsMongo } from './helpers/mongo-server.ts'
import { madeOf, newJob } from './helpers/new-job.ts'
import { projectText } from './helpers/sources.ts'

// A field is one line of the table and one migration of each store. All that is not derived from the table must match
// it.

const SHOWN = fieldNames(({ shown }) => shown !== false)

describe('the fields of a job', () => {
  it('are exactly the columns of SQLite', () => {
    const db = new DatabaseSync(':memory:')
    for (const script of MIGRATIONS) db.exec(script)
    const columns = db.prepare('SELECT name, "notnull", dflt_value FROM pragma_table_info(\'jobs\')').all()
    db.close()
    const found = columns.map(({ name, notnull }) => `${name}${notnull ? ' NOT NULL' : ''}`)
    const wanted = STORED_FIELDS.map((name) => `${name}${JOB_FIELDS[name].nullable ? '' : ' NOT NULL'}`)
    expect(found).to.have.members([...wanted, 'seq', 'ready NOT NULL'])
    // Columns that an insert omits.
    const counters = columns.filter(({ dflt_value }) => dflt_value === '0').map(({ name }) => name)
    expect(counters).to.have.members(fieldNames((field) => field.from === 'store' && field.fresh === 0))
  })

  it('are exactly the paths of the MongoDB schema', () => {
    const { jobs } = modelsOn(mongoose.createConnection())
    const wanted = STORED_FIELDS.map((name) => (name === 'id' ? '_id' : name))
    expect(Object.keys(jobs.schema.paths)).to.have.members([...wanted, 'seq', 'view', 'history', 'change_token'])
  })

  it('are in the JSON view unless hidden, with only the view of the state in addition', () => {
    const json = jobToJson(freshJob(newJob(), 0), 0)
    expect(Object.keys(json)).to.have.members([...SHOWN, 'view'])
    expect(Object.keys(json).slice(0, 6)).to.deep.equal(['id', 'command', 'shell', 'queue', 'state', 'view'])
  })

  it('each have an option, except the command, which follows --', async () => {
    const { commands } = await buildProgram(new Context([]))
    const enqueue = commands.find((command) => command.name() === 'enqueue')
    const options = enqueue?.options.map(({ long }) => String(long).slice(2).replaceAll('-', '_'))
    const others = ['file', 'keep_going', 'wait', 'follow', 'wait_timeout']
    expect(options).to.have.members([...GIVEN_FIELDS.filter((name) => name !== 'command'), ...others])
  })

  it('are in the reference', () => {
    const text = projectText('docs/reference.md')
    const shown = SHOWN.filter((name) => !(GIVEN_FIELDS as string[]).includes(name))
    expect([...GIVEN_FIELDS, ...shown].filter((name) => !text.includes(`\`${name}\``))).to.deep.equal([])
  })

  it('do not change the digest of a job enqueued by an earlier version (R10)', () => {
    const digest = (job: Record<string, unknown>) => madeOf({ id: 'a', command: 'true', ...job }).content_hash
    expect(digest({})).to.equal('e028346f728da74d9c33a129526099472fd8f3aa18c7d0981114269472288998')
    expect(digest(ALL)).to.equal('879bd183d9a26e6cbdd6334e22db8232009b3cfb4199a15da79318bb0287af82')
  })

  for (const { name, open, prepare } of [
    { name: 'SQLite', open: () => sqliteBench(), prepare() {} },
    { name: 'MongoDB', open: () => mongoBench(), prepare: needsMongo },
  ]) {
    describe(`on ${name}`, () => {
      before(prepare)
      let bench: Bench
      beforeEach(async () => {
        bench = await open()
      })
      afterEach(() => bench.dispose())

      it('are read as they were stored, including null where allowed', async () => {
        const store = await bench.open()
        for (const [id, empty] of [
          ['filled', false],
          ['empty', true],
        ] as const) {
          const job = { ...newJob(), ...samples(empty), id }
          await store.insert({ jobs: [job] })
          const { run_at, delay_ms, ...given } = job
          expect(await mustGet(store, id))
            .to.deep.include(given)
            .and.to.have.all.keys(STORED_FIELDS)
        }
      })
    })
  }
})

/** Every input field of the first version. */
const ALL = {
  ...{ queue: 'q', priority: 2, delay: 90, cwd: '/x', env: { B: '2', A: '1' }, timeout: null, shell: 'cmd' },
  ...{ max_retries: 1, max_interruptions: 2, backoff_base: 3, backoff_max: 4 },
}

/** Values for all stored fields; `empty`: null wherever allowed. */
function samples(empty: boolean): Partial<NewJob> {
  const stored = fieldNames(({ from }, name) => from !== 'store' && (STORED_FIELDS as string[]).includes(name))
  const value = ({ kind, nullable }: (typeof JOB_FIELDS)['id']) => (nullable && empty ? null : SAMPLES[kind])
  return Object.fromEntries(stored.map((name) => [name, value(JOB_FIELDS[name])]))
}

const SAMPLES: Kinds = {
  name: 'name',
  command: 'true',
  text: 'it’s $text',
  token: 'abc',
  folder: '/folder',
  whole: -5,
  count: 7,
  number: 1.5,
  duration: 0.25,
  limit: 2.5,
  time: 1_800_000_000_000,
  shell: 'powershell',
  state: 'pending',
  variables: { 'A.B': '$1', A: '' },
}
