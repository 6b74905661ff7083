import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { workerCount } from '../../src/cli/arguments.ts'
import { parseLine } from '../../src/cli/enqueue/bulk.ts'
import { readJob } from '../../src/cli/enqueue/job-input.ts'
import { parseJsonObject } from '../../src/cli/enqueue/json-text.ts'
import { QueuectlError } from '../../src/domain/errors.ts'
import { LIMITS } from '../../src/domain/job.ts'
import { backoffMs } from '../../src/domain/outcome.ts'
import { checkSetting, effectiveSettings, SETTING_KEYS, SETTINGS, type SettingKey } from '../../src/domain/settings.ts'
import { freshQueue } from '../helpers/queuectl.ts'

const FIELDS = [
  'id',
  'command',
  'shell',
  'queue',
  'priority',
  'run_at',
  'delay',
  'max_retries',
  'max_interruptions',
].concat([
  'backoff_base',
  'backoff_max',
  'timeout',
  'cwd',
  'env',
  'state',
  'attempts',
  'runs',
  'created_at',
  'next_run_at',
])

/** Values that a database would take for an operator. */
const OPERATORS = [{ $ne: null }, { $gt: '' }, { $regex: '.*' }, { $where: 'true' }, { $in: [[]] }, ['$id'], [], true]

/** How `work` was refused: exit 2, or that it was accepted. */
function refusal(work: () => unknown): string | number {
  try {
    work()
    return 'taken'
  } catch (error) {
    return error instanceof QueuectlError ? error.exit_code : String(error)
  }
}

describe('input @posix', function () {
  this.timeout(60_000)
  it('accepts no database operator in any field (S5)', () => {
    for (const field of FIELDS) {
      for (const value of field === 'env' ? OPERATORS.slice(5) : OPERATORS)
        expect([field, value, refusal(() => readJob({ command: 'true', [field]: value }))]).to.deep.equal([
          field,
          value,
          2,
        ])
    }
    for (const value of OPERATORS) expect(refusal(() => readJob({ command: 'true', env: { A: value } }))).to.equal(2)
    for (const key of ['$set', '$where', 'a.b', '_id', '$env'])
      expect(refusal(() => readJob({ command: 'x', [key]: 1 }))).to.equal(2)
  })

  it('accepts no operator on the command line: exit 2 or 3, and nothing changes (S5)', async () => {
    const queue = freshQueue()
    await queue.ok('enqueue', '--id', 'one', '--', 'true')
    const operator = '{"$ne":null}'
    const calls = [
      ['enqueue', `{"command":"true","id":${operator}}`],
      ['cancel', operator],
      ['requeue', operator],
      ['promote', operator],
      ['list', '--queue', operator],
      ['purge', '--state', operator, '--yes'],
      ['dlq', 'retry', '--all', '--queue', operator],
      ['config', 'set', '$where', '1'],
      ['config', 'set', 'grace', operator],
      ['worker', 'start', '--queue', operator],
    ]
    const ended = await Promise.all(calls.map((args) => queue.run(args)))
    expect(ended.map(({ code }) => code).filter((code) => code !== 2 && code !== 3)).to.deep.equal([])
    expect(await queue.json('list', '--search', operator)).to.deep.equal([])
    const jobs = await queue.json('list')
    expect(jobs.map(({ id, state }: Record<string, string>) => [id, state])).to.deep.equal([['one', 'pending']])
  })

  it('reaches no prototype by any key (S6)', () => {
    const texts = [
      '{"command":"x","__proto__":{"polluted":1}}',
      '{"command":"x","constructor":{"prototype":{"polluted":1}}}',
      '{"command":"x","prototype":{"polluted":1}}',
      '{"command":"x","env":{"__proto__":"polluted"}}',
      '{"command":"x","toString":"polluted"}',
    ]
    for (const text of texts) expect([text, refusal(() => readJob(parseJsonObject(text)))]).to.deep.equal([text, 2])
    expect(readJob(parseJsonObject('{"command":"x","env":{"constructor":"mine"}}')).env).to.deep.equal({
      constructor: 'mine',
    })
    const stored = JSON.parse('{"__proto__":{"grace":1},"constructor":1}')
    expect(effectiveSettings(stored).grace).to.equal(SETTINGS.grace.default)
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined)
  })

  it('stores nothing of the caller’s environment (S4)', async () => {
    const queue = freshQueue()
    const secret = 'c4n4ry'
    await queue.run(['enqueue', '--id', 'one', '--', 'true'], {
      env: { SECRET: secret, AWS_SECRET_ACCESS_KEY: secret },
    })
    const db = new DatabaseSync(queue.db)
    const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
    const dump = tables.map(({ name }) => JSON.stringify(db.prepare(`SELECT * FROM "${name}"`).all())).join('\n')
    db.close()
    expect(dump).to.contain('"one"').and.to.not.contain(secret)
    expect((await queue.json('show', 'one')).env).to.equal(null)
  })
})

describe('sizes (S18) @posix', () => {
  const job = (fields: object) => () => readJob({ command: 'true', ...fields })
  const text = (length: number) => 'x'.repeat(length)
  /** NAME=value and a terminator, as the system stores it. */
  const env = (bytes: number) => ({ env: { A: text(bytes - 3) } })

  const cases: Record<string, [most: () => unknown, beyond: () => unknown]> = {
    'a command, 64 KiB': [job({ command: text(LIMITS.command) }), job({ command: text(LIMITS.command + 1) })],
    'a command, in bytes and not in letters': [
      job({ command: 'ü'.repeat(LIMITS.command / 2) }),
      job({ command: `${'ü'.repeat(LIMITS.command / 2)}x` }),
    ],
    'variables, 32 KiB': [job(env(LIMITS.env)), job(env(LIMITS.env + 1))],
    'a line of a bulk, 256 KiB': [
      () => parseLine({ number: 1, text: text(LIMITS.line) }),
      () => parseLine({ number: 1, text: text(LIMITS.line + 1) }),
    ],
    'an id': [job({ id: text(64) }), job({ id: text(65) })],
    'a queue’s name': [job({ queue: text(64) }), job({ queue: text(65) })],
    'a priority': [job({ priority: 2 ** 31 - 1 }), job({ priority: 2 ** 31 })],
    'a delay, ten years': [job({ delay: 3650 * 86_400 }), job({ delay: 3650 * 86_400 + 1 })],
    'workers, 256': [() => workerCount('256', '--count', 1), () => workerCount('257', '--count', 1)],
  }
  for (const [what, [most, beyond]] of Object.entries(cases)) {
    it(`are accepted up to their limit and refused beyond it: ${what}`, () => {
      expect(most).to.not.throw()
      expect(refusal(beyond)).to.equal(2)
    })
  }

  it('of every setting have a limit at both ends', () => {
    const numeric = SETTING_KEYS.filter((key) => SETTINGS[key].kind !== 'choice')
    expect(numeric.length).to.be.above(8)
    for (const key of numeric) {
      const { min, max } = SETTINGS[key] as { min: number; max: number }
      const check = (value: number) => refusal(() => checkSetting(key as SettingKey, value))
      expect([key, check(min), check(max)]).to.deep.equal([key, 'taken', 'taken'])
      expect([key, check(max + 1), check(min - 1)]).to.deep.equal([key, 2, 2])
      for (const nonsense of [Number.POSITIVE_INFINITY, Number.NaN])
        expect([key, check(nonsense)]).to.deep.equal([key, 2])
    }
  })

  it('of a wait before a retry stay within their cap, for any base and attempts', () => {
    const { max: base = 0 } = SETTINGS.backoff_base
    const { max: cap = 0 } = SETTINGS.backoff_max
    for (const attempts of [0, 1, 100, 400, 1e9]) {
      const wait = backoffMs({ backoff_base: base, backoff_max: cap }, attempts)
      expect(wait, String(attempts)).to.be.within(0, cap * 1000)
    }
  })
})
