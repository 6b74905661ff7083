import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import path from 'node:path'
import { type BenchOptions, newPlace, pause, startWorkers } from './program.ts'
import { type Figure, percentile } from './report.ts'
import { newJob, open } from './store.ts'

/**
 * From commit to the command's first instruction, with two idle workers. The clock starts when the insert has returned, and stops when
 * this process reads what the command wrote to a named pipe by its shell's own echo: wake-up of supervisor and worker, claim, start of
 * the shell and the wake-up of the reader are in it.
 */
export async function latency(options: BenchOptions): Promise<Figure[]> {
  const { quick, server } = options
  await using place = newPlace(options)
  const pipe = path.join(place.folder, 'started')
  execFileSync('mkfifo', [pipe])
  // Open for writing too: a pipe whose last writer closes would end.
  const reader = new Socket({
    fd: openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  })
  reader.resume()
  await using _workers = await startWorkers(place, 2)
  const store = await open(place.db, 'command')
  const times: number[] = []
  try {
    for (let n = 0; n < (quick ? 50 : 300); n++) {
      const job = newJob({ command: `echo >${pipe}` })
      // Listened for before: where a server stands between, a command may start before its insert is answered.
      const started = once(reader, 'data', { signal: AbortSignal.timeout(10_000) }).then(() => performance.now())
      await store.insert({ jobs: [job] })
      const committed = performance.now()
      times.push(Math.max(0, (await started) - committed))
      // Long enough for the worker to settle and be idle again, and not in step with any timer.
      await pause(25 + Math.random() * 30)
    }
  } finally {
    reader.destroy()
    await store.close()
  }
  const note = `${times.length} jobs, one at a time`
  return [
    {
      name: 'latency from commit to first instruction, p50',
      value: percentile(times, 50),
      unit: 'ms',
      target: { at_most: server ? 20 : 5 },
      note,
    },
    {
      name: 'latency from commit to first instruction, p99',
      value: percentile(times, 99),
      unit: 'ms',
      ...(server ? {} : { target: { at_most: 20 } }),
    },
  ]
}
