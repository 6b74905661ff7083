import { parseArgs } from 'node:util'
import { conduct } from './conduct.ts'
import { type ChaosOptions, tablesOf, writeReport } from './report.ts'

// `npm run chaos`: jobs that keep their own ledger, on supervisors and workers that are killed all the time. In the end
// the ledger and the store must agree on every run. Exits 1 if they do not, or if any other check fails.

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    jobs: { type: 'string' },
    kills: { type: 'string' },
    freezes: { type: 'string' },
    workers: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '20' },
    binary: { type: 'string' },
    json: { type: 'string' },
  },
})

const KILLS_PER_FREEZE = 10

const { store } = values
if (store !== 'sqlite' && store !== 'mongodb') fail(`unknown store "${store}" (sqlite or mongodb)`)
if (process.platform !== 'linux') fail('/proc is required, which only Linux has')
const kills = whole('kills', values.kills ?? (store === 'sqlite' ? '100' : '40'), 0)
const options: ChaosOptions = {
  store,
  jobs: whole('jobs', values.jobs ?? (store === 'sqlite' ? '2000' : '500'), 14),
  kills,
  freezes: whole('freezes', values.freezes ?? String(Math.ceil(kills / KILLS_PER_FREEZE)), 0),
  workers: whole('workers', values.workers, 1),
  seed: whole('seed', values.seed, 0),
  minutes: whole('minutes', values.minutes, 1),
  binary: values.binary ?? null,
}

// The exit handlers end the processes that it started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const what = options.binary ?? 'the sources'
console.log(
  `queuectl chaos: ${options.jobs} jobs, ${options.kills} kills, ${options.freezes} freezes, ${store}, seed ${options.seed}, ${what}\n`,
)
const report = await conduct(options, {
  on_progress: (line) => console.error(line),
  on_kept: (folder) => console.error(`\nkept ledger, logs and store in ${folder}`),
})
console.log(tablesOf(report))
if (values.json) writeReport(report, values.json)
process.exitCode = report.ok ? 0 : 1

function whole(name: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least) return number
  return fail(`--${name} must be a whole number of at least ${least}, not "${text}"`)
}

function fail(problem: string): never {
  console.error(`chaos: ${problem}`)
  process.exit(2)
}
