import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type BenchOptions, BUNDLE, newPlace, pause, startWorkers, timeCommand } from './program.ts'
import type { Figure } from './report.ts'

/** The cost of an idle supervisor with three workers. Linux only: read from /proc. */
export async function idle(options: BenchOptions): Promise<Figure[]> {
  const { quick, server, binary } = options
  await using place = newPlace(options)
  // A separate copy of the file: PSS divides shared memory by all processes that use it, this one and unrelated ones
  // included.
  const own = path.join(place.folder, 'own')
  copyFileSync(binary ?? process.execPath, own)
  const before = binary ? [] : [BUNDLE]
  // Measure a later start: the first one compiles the program.
  timeCommand(own, [...before, 'worker', 'start', '--drain'], { place })
  await using supervisor = await startWorkers(place, 3, [own, ...before])
  const pids = [supervisor.pid, ...childrenOf(supervisor.pid)]
  if (pids.length !== 4) throw new Error(`expected a supervisor and 3 workers, found ${pids.length} processes`)
  // The first 15 s are start-up: compiling, the first heartbeats, and garbage that is freed in this time.
  await pause(quick ? 5_000 : 40_000)
  const seconds = quick ? 6 : 20
  const used = cpuSeconds(pids)
  await pause(seconds * 1000)
  const cpu = ((cpuSeconds(pids) - used) / seconds) * 100
  const note = `supervisor + 3 workers over ${seconds} s`
  return [
    {
      name: 'idle memory (PSS)',
      value: pssMegabytes(pids),
      unit: 'MB',
      ...(server ? {} : { target: { at_most: 90 } }),
      note: 'supervisor + 3 workers',
    },
    { name: 'idle CPU', value: cpu, unit: '%', ...(server ? {} : { target: { at_most: 0.5 } }), note },
  ]
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

/** CPU seconds of all threads, by the scheduler's own count: ticks of 10 ms would be too coarse. */
function cpuSeconds(pids: readonly number[]): number {
  const threads = pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}/schedstat`),
  )
  return threads.reduce((sum, file) => sum + Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e9, 0)
}

function pssMegabytes(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]),
  )
  return kilobytes.reduce((sum, kb) => sum + kb * 1024, 0) / 1e6
}
