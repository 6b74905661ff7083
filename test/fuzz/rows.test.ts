import { rmSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { openStore } from '../../src/store/open.ts'
import { newJob } from '../contract/kit.ts'
import { holdsFor, RUN } from '../helpers/property.ts'
import { freshQueue } from '../helpers/queuectl.ts'
import { anyEdits, columnsOf, edit } from './edits.ts'
import { inProcess } from './in-process.ts'
import { template } from './queue.ts'
import { expectWellBehaved } from './well-behaved.ts'
import { IDS } from './words.ts'

/** Commands that are used on a damaged queue. */
const COMMANDS = [
  ...[
    'status --by-queue',
    'status --json',
    'worker list',
    'worker list --json',
    'config list',
    'audit',
    'audit --json',
    'doctor',
  ],
  ...[
    'list --wide',
    'list --json --sort due',
    'list --state scheduled',
    'list --json --sort finished',
    'dlq list',
    'doctor --json',
  ],
  ...['show ID', 'show ID --json', 'logs ID', 'logs ID --json', 'wait ID --timeout 1ms', 'dlq show ID', 'doctor --fix'],
  ...[
    'cancel ID --no-wait',
    'promote ID',
    'requeue ID',
    'dlq retry --all',
    'purge --state completed,dead',
    'backup b.db --force',
  ],
  ...[
    'worker stop --timeout 1ms',
    'worker scale 1 --timeout 1ms',
    'restore b.db --yes',
    'enqueue {"command":"true","id":"ID"}',
  ],
]

const anyCommands = fc
  .array(fc.tuple(fc.constantFrom(...COMMANDS), fc.constantFrom(...IDS)), { minLength: 4, maxLength: 8 })
  .map((chosen) => chosen.map(([command, id]) => command.replace('ID', id).split(' ')))

describe('a database that another program has edited @full', () => {
  it('is shown, changed and fixed as far as it is valid, and never an internal error', async function () {
    this.timeout(RUN.patience_ms)
    const { copy } = await template()
    const columns = columnsOf(path.join(copy(), 'data', 'queue.db'))
    await holdsFor(
      fc.asyncProperty(anyEdits(columns), fc.boolean(), anyCommands, async (edits, lax, commands) => {
        const home = copy()
        edit(path.join(home, 'data', 'queue.db'), edits, lax)
        for (const argv of commands) expectWellBehaved(await inProcess(argv, home), argv)
        rmSync(home, { recursive: true })
      }),
      60,
    )
  })

  it('does not stop the workers: valid jobs run, damaged ones become dead', async function () {
    this.timeout(40_000)
    const queue = freshQueue()
    const address = queue.db
    const store = await openStore({ address, role: 'command', is_alive: () => false })
    const jobs = WORST.flatMap((_, i) => [newJob({ id: `edited${i}` }), newJob({ id: `good${i}` })])
    await store.insert({ jobs })
    for (const [i, [column, value]] of WORST.entries()) {
      expect(edit(address, [{ table: 'jobs', column, row: 2 * i, value }], false), column).to.equal(1)
    }
    const argv = ['worker', 'start', '--concurrency', '8', '--drain', '--timeout', '20s']
    const ended = await queue.run(argv)
    expectWellBehaved(ended, argv)
    expect(ended.code, ended.stdout).to.equal(1)
    const left = await store.list({ sort: 'oldest', limit: 1000 })
    const good = left.filter(({ id }) => id.startsWith('good')).map(({ id, state }) => `${id} ${state}`)
    expect(good).to.deep.equal(WORST.map((_, i) => `good${i} completed`))
    const dead = left.filter(({ state }) => state === 'dead')
    expect(dead.map(({ reason }) => reason)).to.satisfy((reasons: string[]) =>
      reasons.every((one) => /damaged/.test(one)),
    )
    expect(dead.length).to.be.greaterThan(10)
    await store.close()
  })
})

/** Edits that a worker may meet in one job; no harmful command. Counters of queues are for doctor to fix. */
const WORST: [column: string, value: string | number | bigint | null][] = [
  ...['', 'a\0b', ' \n'].map((value): [string, string] => ['command', value]),
  ...['{', '[]', '5', '{"A":1}', '{"A=":"b"}', '{"A":"\\u0000"}', '"x"'].map((value): [string, string] => [
    'env',
    value,
  ]),
  ...['', '/\0'].flatMap((value): [string, string][] => [
    ['cwd', value],
    ['origin_cwd', value],
  ]),
  ...[-1, 0, Number.POSITIVE_INFINITY].map((value): [string, number] => ['timeout', value]),
  ...[
    'priority',
    'max_retries',
    'runs',
    'attempts',
    'interruptions',
    'worker_deaths',
    'requeues',
    'created_at',
  ].flatMap((column): [string, bigint][] => [
    [column, 2n ** 63n - 1n],
    [column, -(2n ** 63n)],
  ]),
  ['backoff_base', Number.POSITIVE_INFINITY],
  ['shell', 'fish'],
  ['id', '\u001b[2J'],
  ['insert_token', ''],
  ['next_run_at', -1],
]
