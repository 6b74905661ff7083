import { parseArgs } from 'node:util'
import { bulk } from './bulk.ts'
import { claim } from './claim.ts'
import { drain } from './drain.ts'
import { idle } from './idle.ts'
import { latency } from './latency.ts'
import { type Figure, newReport, printFigure, writeReport } from './report.ts'
import { startup } from './startup.ts'

// `npm run bench`: how fast the bundle is, as ratios measured side by side in one run, for absolute figures differ from machine to
// machine and from hour to hour. `-- --quick` for a look, `-- --only drain,idle` for a part, `-- --json FILE` for machines, and for an
// executable `-- --only startup --binary FILE`.

const BENCHES: Record<string, (options: { quick: boolean; binary?: string }) => Promise<Figure[]>> = {
  drain,
  latency,
  bulk,
  claim,
  startup,
  idle,
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
    binary: { type: 'string' },
  },
})
const names = values.only?.split(',') ?? Object.keys(BENCHES)
const unknown = names.filter((name) => !BENCHES[name])
if (unknown.length > 0) {
  console.error(`bench: no such benchmark: ${unknown.join(', ')} (there are ${Object.keys(BENCHES).join(', ')})`)
  process.exit(2)
}

const report = newReport(values.quick)
console.log(`queuectl bench: Node ${report.node}, ${report.machine}${values.quick ? ', quick' : ''}\n`)
for (const name of names) {
  for (const figure of (await BENCHES[name]?.(values)) ?? []) {
    report.figures.push(figure)
    printFigure(figure)
  }
}
if (values.json) writeReport(report, values.json)
