import type { Sample } from '../domain/processes.ts'

/** Runs that finished within a window. */
export interface Throughput {
  minutes: number
  done: number
  failed: number
}

const WINDOWS_MIN = [1, 5, 15] as const
/** Samples are read from a little before the longest window, so that each window has one to count from. */
export const SAMPLES_MS = (15 + 1) * 60_000

/** Runs completed and failed in the last 1, 5 and 15 minutes, over all supervisors. `now`: epoch milliseconds. */
export function throughput(samples: readonly Sample[], now: number): Throughput[] {
  const supervisors = Map.groupBy(samples, ({ supervisor_id }) => supervisor_id)
  return WINDOWS_MIN.map((minutes) => {
    const since = now - minutes * 60_000
    const parts = [...supervisors.values()].map((own) => difference(own, since))
    return { minutes, done: sum(parts, 'done'), failed: sum(parts, 'failed') }
  })
}

type Totals = Pick<Sample, 'done' | 'failed'>

/** Samples hold totals since their supervisor started. A supervisor that started within the window counts from zero. */
function difference(samples: readonly Sample[], since: number): Totals {
  const before = samples.findLast(({ at }) => at < since) ?? { done: 0, failed: 0 }
  const last = samples.at(-1) ?? before
  return { done: last.done - before.done, failed: last.failed - before.failed }
}

const sum = (parts: readonly Totals[], key: keyof Totals) => parts.reduce((total, part) => total + part[key], 0)
