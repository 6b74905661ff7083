import { fileURLToPath } from 'node:url'
import { type BenchOptions, BUNDLE, newPlace, type Place, timeCommand, timeNode } from './program.ts'
import { type Figure, median, shuffled } from './report.ts'

const RAW_LOOP = fileURLToPath(new URL('raw-loop.ts', import.meta.url))

/**
 * Throughput of jobs that do nothing, two at a time. Whole commands are timed for all three, with the start and end of
 * the program.
 */
export async function drain(options: BenchOptions): Promise<Figure[]> {
  const { quick, server, size: sizeOf } = options
  const jobs = sizeOf(quick ? 500 : 2000)
  const runners: Record<'ours' | 'raw' | 'xargs', (place: Place) => number> = {
    ours: (place) => {
      timeNode([BUNDLE, 'enqueue', '-'], { place, input: 'true\n'.repeat(jobs) })
      return timeNode([BUNDLE, 'worker', 'start', '--count', '2', '--drain'], { place })
    },
    raw: (place) => timeNode([RAW_LOOP, String(jobs)], { place }),
    xargs: (place) => timeCommand('xargs', ['-P2', '-I{}', 'sh', '-c', '{}'], { place, input: 'true\n'.repeat(jobs) }),
  }
  const rounds: Record<keyof typeof runners, number>[] = []
  // The folders stay until the end: ext4 creates files several times as slowly while it skips just deleted ones.
  await using places = new AsyncDisposableStack()
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    const times = { ours: 0, raw: 0, xargs: 0 }
    for (const name of shuffled(Object.keys(runners) as (keyof typeof runners)[])) {
      times[name] = runners[name](places.use(newPlace(options)))
    }
    rounds.push(times)
  }
  const rate = (name: keyof typeof runners) => median(rounds.map((times) => jobs / (times[name] / 1000)))
  const size = `${jobs} jobs`
  return [
    {
      name: 'drain, 2 workers, against a raw Node spawn loop',
      value: median(rounds.map((times) => times.raw / times.ours)),
      unit: '×',
      ...(server ? {} : { target: { at_least: 1.1 } }),
      note: size,
    },
    {
      name: 'drain, 2 workers, against xargs -P2',
      value: median(rounds.map((t) => t.xargs / t.ours)),
      unit: '×',
      note: size,
    },
    { name: '  drain', value: rate('ours'), unit: 'jobs/s' },
    { name: '  raw Node spawn loop (pipes, 2 in flight)', value: rate('raw'), unit: 'jobs/s' },
    { name: '  xargs -P2', value: rate('xargs'), unit: 'jobs/s' },
  ]
}
