import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { readJob } from '../../src/cli/enqueue/job-input.ts'
import { parseJsonObject } from '../../src/cli/enqueue/json-text.ts'
import { jobMaker } from '../../src/cli/enqueue/new-job.ts'
import { EXIT, QueuectlError } from '../../src/domain/errors.ts'
import { effectiveSettings } from '../../src/domain/settings.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { mongoBench } from '../contract/bench-mongo.ts'
import { LENGTH } from '../helpers/length.ts'
import { needsMongo } from '../helpers/mongo-server.ts'
import { holdsFor, RUN } from '../helpers/property.ts'
import { MEMORY, tempFolder } from '../helpers/temp.ts'
import { inProcess } from './in-process.ts'
import { anyFile, anyJob } from './json-texts.ts'
import { expectWellBehaved } from './well-behaved.ts'

describe('what is enqueued @full', () => {
  const home = tempFolder(MEMORY)
  let store: JobStore
  before(async () => {
    store = await openStore({ address: path.join(home, 'data', 'queue.db'), role: 'command', is_alive: () => false })
  })
  after(() => store.close())

  const count = async () => Object.values((await store.overview()).total).reduce((sum, number) => sum + number, 0)

  /** Enqueues by that command line; returns how many jobs were added. */
  async function enqueue(argv: readonly string[]) {
    const before = await count()
    const ended = await inProcess(['enqueue', '--json', ...argv], home)
    expectWellBehaved(ended, argv)
    return { ...ended, added: (await count()) - before }
  }

  it('as JSON is stored as given, or refused and nothing is stored', async function () {
    this.timeout(RUN.patience_ms)
    let accepted = 0
    const property = fc.asyncProperty(anyJob, async (text) => {
      // An argument cannot have a NUL; a file may.
      const as_file = text.includes('\0') || !text.isWellFormed() || text.startsWith('-')
      if (as_file) writeFileSync(path.join(home, 'job'), text.replaceAll('\n', ' '))
      const { code, stdout, added } = await enqueue(as_file ? ['--file', 'job'] : [text])
      expect(code).to.be.oneOf([0, 2, 3])
      if (code !== 0) return void expect(added).to.equal(0)
      accepted++
      const [printed] = [JSON.parse(stdout)].flat()
      expect(added).to.equal(printed.existing ? 0 : 1)
      if (!as_file) await expectStored(store, printed.id, JSON.parse(text))
    })
    await holdsFor(property, 600)
    expect(accepted, 'jobs that were accepted').to.be.greaterThan(RUN.replay ? -1 : 60 * LENGTH)
  })

  it('in a file is stored as a whole or not at all; with --keep-going each good line is', async function () {
    this.timeout(RUN.patience_ms)
    const property = fc.asyncProperty(anyFile, fc.boolean(), async ({ bytes, jobs }, keep_going) => {
      writeFileSync(path.join(home, 'jobs'), bytes)
      const { code, stdout, stderr, added } = await enqueue(['--file', 'jobs', ...(keep_going ? ['--keep-going'] : [])])
      expect(code).to.be.oneOf([0, 2, 3])
      const printed = stdout === '' ? null : JSON.parse(stdout)
      if (printed === null) return void expect({ code: code > 0, added }).to.deep.equal({ code: true, added: 0 })
      expect(added).to.equal(printed.filter(({ existing }: { existing: boolean }) => !existing).length)
      const refused = stderr.match(/"message":"line \d+: /g)?.length ?? 0
      expect(printed.length + refused, 'jobs and errors').to.equal(jobs)
      expect(code).to.equal(refused > 0 ? 2 : 0)
      if (refused > 0) expect(keep_going).to.equal(true)
    })
    await holdsFor(property, 150)
  })

  describe('on MongoDB', () => {
    before(needsMongo)

    it('is stored as given too, if it is accepted', async function () {
      this.timeout(RUN.patience_ms)
      const bench = await mongoBench()
      const store = await bench.open()
      const made = jobMaker({
        config: effectiveSettings({}),
        cwd: home,
        host: 'h',
        local: false,
        unrunnable: () => null,
      })
      const property = fc.asyncProperty(anyJob, async (text) => {
        const spec = accepted(() => made(readJob(parseJsonObject(text))))
        if (spec === null) return
        const [inserted] = await store.insert({ jobs: [spec], skip_taken: true })
        const { run_at, delay_ms, insert_token, ...given } = spec
        const job = inserted && (await store.get({ id: spec.id }))
        if (job) expect({ ...job, ...given, insert_token: job.insert_token }, text).to.deep.equal(job)
      })
      await holdsFor(property, 200).finally(() => bench.dispose())
    })
  })
})

/** The result of `work`; null if it is refused as bad input. */
function accepted<T>(work: () => T): T | null {
  try {
    return work()
  } catch (error) {
    expect(error).to.be.instanceOf(QueuectlError).and.include({ exit_code: EXIT.usage })
    return null
  }
}

/** Asserts that the job has the given fields. */
async function expectStored(store: JobStore, id: string, given: Record<string, unknown>): Promise<void> {
  const job = await store.get({ id })
  const plain = [
    'id',
    'command',
    'queue',
    'priority',
    'max_retries',
    'max_interruptions',
    'backoff_base',
    'shell',
    'env',
  ]
  for (const [written, value] of Object.entries(given)) {
    const key = written.replaceAll('-', '_')
    const same = plain.includes(key) || (key === 'timeout' && typeof value !== 'string')
    // JSON has a -0, no store does.
    if (same) expect(job?.[key as 'env'], key).to.deep.equal(value === 0 ? 0 : value)
  }
}
