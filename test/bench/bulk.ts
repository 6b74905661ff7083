import { type BenchOptions, BUNDLE, newPlace, timeNode } from './program.ts'
import { type Figure, median } from './report.ts'

/** One `enqueue -` of many lines: the time of the whole command, with its commit synced to disk. */
export async function bulk(options: BenchOptions): Promise<Figure[]> {
  const lines = options.size(options.quick ? 10_000 : 100_000)
  const input = Array.from({ length: lines }, (_, n) => `echo job number ${n}\n`).join('')
  const times: number[] = []
  for (let round = 0; round < 3; round++) {
    await using place = newPlace(options)
    times.push(timeNode([BUNDLE, 'enqueue', '-'], { place, input }))
  }
  const ms = median(times)
  const name = `bulk enqueue of ${lines.toLocaleString('en')}`
  return [{ name, value: ms / 1000, unit: 's', note: `${Math.round(lines / (ms / 1000)).toLocaleString('en')} jobs/s` }]
}
