import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { newReport } from '../bench/report.ts'
import { soak } from './conduct.ts'
import { judge, tableOf } from './judge.ts'

// `npm run soak`: a supervisor and its workers run many jobs for minutes; their use of resources is recorded every
// second. Exits 1 if any figure grows, a job does not complete, or a worker is replaced.

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '20000' },
    minutes: { type: 'string', default: '10' },
    workers: { type: 'string', default: '2' },
    binary: { type: 'string' },
    json: { type: 'string' },
  },
})
const options = {
  jobs: whole('jobs', values.jobs, 100),
  // Retention is applied once a minute: a shorter run could not show that it keeps up.
  minutes: whole('minutes', values.minutes, 4),
  workers: whole('workers', values.workers, 1),
}
if (process.platform !== 'linux') fail('/proc is required, which only Linux has')
if (values.binary) process.env.QUEUECTL_TEST_BIN = values.binary
const { jobs, minutes, workers } = options
const program = values.binary ?? 'the sources'
console.log(`queuectl soak: ${jobs} jobs in ${minutes} min, ${workers} workers, ${program}\n`)

const { series, seconds, completed, restarts } = await soak(options, (line) => console.error(line))
const verdicts = series.map(judge)
const ok = verdicts.every(({ flat }) => flat) && completed === jobs && restarts === 0
console.log(`${completed} jobs completed in ${seconds.toFixed(0)} s, workers replaced: ${restarts}\n`)
console.log(`${tableOf(verdicts)}\n\n${ok ? 'flat' : 'FAILED'}`)
if (values.json) {
  const { at, node, machine } = newReport(false)
  const report = { at, node, machine, program, options, ok, seconds, completed, restarts, verdicts, series }
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
}
process.exitCode = ok ? 0 : 1

function whole(name: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least) return number
  return fail(`--${name} must be a whole number of at least ${least}, not "${text}"`)
}

function fail(problem: string): never {
  console.error(`soak: ${problem}`)
  process.exit(2)
}
