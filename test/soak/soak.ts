import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { newReport } from '../bench/report.ts'
import { soak } from './conduct.ts'
import { judge, tableOf } from './judge.ts'

// `npm run soak`: a supervisor and its workers at work for minutes, on many jobs, with their use of everything written down each
// second. Exits 1 when anything grows.

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
  // Retention is looked at once a minute: in less time it could not be seen to keep up.
  minutes: whole('minutes', values.minutes, 4),
  workers: whole('workers', values.workers, 1),
}
if (process.platform !== 'linux') fail('needs /proc, which only Linux has')
if (values.binary) process.env.QUEUECTL_TEST_BIN = values.binary
const { jobs, minutes, workers } = options
const program = values.binary ?? 'the sources'
console.log(`queuectl soak: ${jobs} jobs in ${minutes} min, ${workers} workers, ${program}\n`)

const { series, seconds, completed, restarts } = await soak(options, (line) => console.error(line))
const verdicts = series.map(judge)
const ok = verdicts.every(({ flat }) => flat) && completed === jobs && restarts === 0
console.log(`${completed} jobs completed in ${seconds.toFixed(0)} s, ${restarts} workers replaced\n`)
console.log(`${tableOf(verdicts)}\n\n${ok ? 'flat' : 'FALLS SHORT'}`)
if (values.json) {
  const { at, node, machine } = newReport(false)
  const report = { at, node, machine, program, options, ok, seconds, completed, restarts, verdicts, series }
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
}
process.exitCode = ok ? 0 : 1

function whole(name: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least) return number
  return fail(`--${name} ${text} is not a whole number from ${least} on`)
}

function fail(problem: string): never {
  console.error(`soak: ${problem}`)
  process.exit(2)
}
