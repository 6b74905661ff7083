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

// `npm run bench`: how fast the bundle is, as ratios measured side by side in one run, because absolute figures differ
// between machines and hours. `-- --quick`: a short run; `-- --only drain,idle`: a part; `-- --json FILE`: output for
// machines; `-- --only startup,idle --binary FILE`: an executable; `-- --db mongodb://…`: on that server, in new
// databases that it removes; `--scale 0.01`: that fraction of the jobs, for a slow server.

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
  console.error(`bench: unknown benchmark ${unknown.join(', ')} (choose from ${Object.keys(BENCHES).join(', ')})`)
  process.exit(2)
}

const scale = Number(values.scale)
if (!(scale > 0 && scale <= 1)) {
  console.error(`bench: --scale must be a number above 0 and at most 1, not "${values.scale}"`)
  process.exit(2)
}
if (values.db !== undefined && !/^mongodb(\+srv)?:\/\//.test(values.db)) {
  console.error('bench: --db requires a mongodb:// URL; without --db the embedded store is measured')
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
