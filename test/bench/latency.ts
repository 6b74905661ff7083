import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import path from 'node:path'
import { type BenchOptions, newPlace, pause, startWorkers } from './program.ts'
import { type Figure, percentile } from './report.ts'
import { newJob, open } from './store.ts'

/**
 * Time from the commit to the command's first instruction, with two idle workers. The clock starts when the insert has
 * returned, and stops when this process reads the output of the shell's `echo` from a named pipe. It includes the
 * wake-ups of supervisor and worker, the claim, the start of the shell, and the wake-up of the reader.
 */
export async function latency(options: BenchOptions): Promise<Figure[]> {
  const { quick, server } = options
  await using place = newPlace(options)
  const pipe = path.join(place.folder, 'started')
  execFileSync('mkfifo', [pipe])
  // Also open for writing: the pipe would end when its last writer closes it.
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
      // Listen before the insert: with a server in between, a command may start before its insert is answered.
      const started = once(reader, 'data', { signal: AbortSignal.timeout(10_000) }).then(() => performance.now())
      await store.insert({ jobs: [job] })
      const committed = performance.now()
      times.push(Math.max(0, (await started) - committed))
      // Long enough for the worker to settle and become idle, and not in step with any timer.
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
