import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type BenchOptions, newPlace, pause, startWorkers } from './program.ts'
import type { Figure } from './report.ts'

/** What a supervisor with three workers costs while nothing is to be done. Linux only: read from /proc. */
export async function idle(options: BenchOptions): Promise<Figure[]> {
  const { quick, server } = options
  await using place = newPlace(options)
  // A Node of its own: PSS divides what is in memory once by all processes that use it, this one and strangers included.
  const node = path.join(place.folder, 'node')
  copyFileSync(process.execPath, node)
  await using supervisor = await startWorkers(place, 3, node)
  const pids = [supervisor.pid, ...childrenOf(supervisor.pid)]
  if (pids.length !== 4) throw new Error(`a supervisor and 3 workers expected, found ${pids.length} processes`)
  // The first seconds are start-up: compiling, first heartbeats, garbage of the boot.
  await pause(5_000)
  const seconds = quick ? 6 : 20
  const before = cpuSeconds(pids)
  await pause(seconds * 1000)
  const cpu = ((cpuSeconds(pids) - before) / seconds) * 100
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

/** Time on a processor of all threads, by the scheduler's own count: ticks of 10 ms would be too coarse here. */
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
