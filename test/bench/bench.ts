import { parseArgs } from 'node:util'
import { parseUrl } from '../../src/store/mongo/url.ts'
import { bulk } from './bulk.ts'
import { claim } from './claim.ts'
import { drain } from './drain.ts'
import { idle } from './idle.ts'
import { latency } from './latency.ts'
import type { BenchOptions } from './program.ts'
import { type Figure, newReport, printFigure, writeReport } from './report.ts'
import { startup } from './startup.ts'

// `npm run bench`: how fast the bundle is, as ratios measured side by side in one run, for absolute figures differ from machine to
// machine and from hour to hour. `-- --quick` for a look, `-- --only drain,idle` for a part, `-- --json FILE` for machines, and for an
// executable `-- --only startup,idle --binary FILE`. `-- --db mongodb://…` measures on that server, in databases of its own that it removes, and
// `--scale 0.01` takes that part of the jobs, for a server that is slow.

const BENCHES: Record<string, (options: BenchOptions) => Promise<Figure[]>> = {
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
    db: { type: 'string' },
    scale: { type: 'string', default: '1' },
  },
})
const names = values.only?.split(',') ?? Object.keys(BENCHES)
const unknown = names.filter((name) => !BENCHES[name])
if (unknown.length > 0) {
  console.error(`bench: no such benchmark: ${unknown.join(', ')} (there are ${Object.keys(BENCHES).join(', ')})`)
  process.exit(2)
}

const scale = Number(values.scale)
if (!(scale > 0 && scale <= 1)) {
  console.error(`bench: --scale cannot be "${values.scale}" (a number above 0, at most 1)`)
  process.exit(2)
}
if (values.db !== undefined && !/^mongodb(\+srv)?:\/\//.test(values.db)) {
  console.error('bench: --db takes a mongodb:// URL; without it the embedded store is measured')
  process.exit(2)
}
const options: BenchOptions = {
  quick: values.quick,
  size: (jobs) => Math.max(1, Math.round(jobs * scale)),
  ...(values.binary === undefined ? {} : { binary: values.binary }),
  ...(values.db === undefined ? {} : { server: values.db }),
}

const report = newReport(values.quick)
console.log(
  `queuectl bench: Node ${report.node}, ${report.machine}${storeName(values.db)}${values.quick ? ', quick' : ''}\n`,
)
for (const name of names) {
  for (const figure of (await BENCHES[name]?.(options)) ?? []) {
    report.figures.push(figure)
    printFigure(figure)
  }
}
if (values.json) writeReport(report, values.json)

function storeName(url: string | undefined): string {
  return url === undefined ? '' : `, MongoDB at ${parseUrl(url).hosts}`
}
