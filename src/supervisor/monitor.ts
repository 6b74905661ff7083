import type { RunningJob } from '../domain/processes.ts'
import { monotonic } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'

/** Only jobs this old are measured: pidusage keeps a descriptor open for a minute for each pid it sees. */
const WORTH_MEASURING_MS = 5_000
/**
 * The pause after a measurement is this many times its duration: on Windows it runs a program, which takes half a
 * second.
 */
const REST = 20

export type Usage = { cpu: number; rss: number }

/** The latest known resource use of workers and of the process trees of their jobs. */
export class Monitor {
  #usage = new Map<number, Usage>()
  #measuring = false
  /** By the monotonic clock. */
  #rests_until = 0

  /** The latest figures of one process. */
  of(pid: number): Usage | undefined {
    return this.#usage.get(pid)
  }

  /** `jobs` with the resource use of their process trees, where it is known. */
  withUsage(jobs: readonly RunningJob[]): RunningJob[] {
    return jobs.map((job) => {
      const usage = job.pid === null ? undefined : this.#usage.get(job.pid)
      return { ...job, cpu: usage?.cpu ?? null, rss: usage?.rss ?? null }
    })
  }

  /** Measures again, in the background; `now`: epoch milliseconds of the clock that stamped `jobs`. */
  async measure(pids: readonly number[], jobs: readonly RunningJob[], now: number): Promise<void> {
    if (this.#measuring || monotonic() < this.#rests_until) return
    this.#measuring = true
    const began = monotonic()
    try {
      const leaders = jobs.flatMap(({ pid, started_at }) =>
        pid !== null && now - started_at > WORTH_MEASURING_MS ? [pid] : [],
      )
      const sessions = leaders.length > 0 ? await platform.sessionPids(leaders) : new Map<number, number[]>()
      const figures = await platform.usage([...pids, ...[...sessions.values()].flat()])
      for (const [leader, members] of sessions) figures.set(leader, sum(members.map((pid) => figures.get(pid))))
      this.#usage = figures
    } finally {
      this.#measuring = false
      this.#rests_until = monotonic() + (monotonic() - began) * REST
    }
  }
}

function sum(figures: readonly (Usage | undefined)[]): Usage {
  const total = { cpu: 0, rss: 0 }
  for (const figure of figures) {
    total.cpu += figure?.cpu ?? 0
    total.rss += figure?.rss ?? 0
  }
  return total
}
