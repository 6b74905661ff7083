import { POLL_MS } from '../domain/timing.ts'
import { monotonic } from '../lib/clock.ts'
import type { WorkerProcess } from './worker-process.ts'

/** So many workers may each look for work once a second. */
const CROWD = 8
/** So many of a larger crowd look each second: two, in case that one hangs. */
const LOOKERS = 2
/** A crowd is woken so often at most: a bulk of jobs is a hint for each of them, and who finds one passes it on. */
const APART_MS = 20
const LONGEST_POLL_MS = 30 * POLL_MS

/** After how long one of `count` workers looks for work without a wake-up. */
export function pollMs(count: number): number {
  return count > CROWD ? LONGEST_POLL_MS : POLL_MS
}

type Wakeable = Pick<WorkerProcess, 'free' | 'patient' | 'woken_at' | 'wake'>

/**
 * Tells workers to look for work, one for each hint and one for each job that is found: all at once they would be in each
 * other's way, and eight that ask MongoDB for a single job get it three times as late as one.
 */
export class WakeUps {
  readonly #workers: () => readonly Wakeable[]
  #woken_at = Number.NEGATIVE_INFINITY
  #later: NodeJS.Timeout | undefined

  constructor(workers: () => readonly Wakeable[]) {
    this.#workers = workers
  }

  /** There may be new work. */
  newWork(): void {
    const wait_ms = this.#workers().length > CROWD ? this.#woken_at + APART_MS - monotonic() : 0
    if (wait_ms <= 0) this.#tell()
    else this.#later ??= setTimeout(() => this.#tell(), wait_ms).unref()
  }

  /** `finder` has found work: there may be more. With none free the busy ones are told: one that ends may have looked before. */
  found(finder: Wakeable): void {
    const workers = this.#workers()
    if (tell(1, workers) === 0) for (const worker of workers) if (worker !== finder) worker.wake()
  }

  /** Once a second, in case that a hint was missed: those that look rarely by themselves. */
  look(): void {
    const those = this.#workers().filter(({ patient }) => patient)
    tell(LOOKERS, those)
  }

  /** One of those that are free. With hardly any, the busy ones too: they look by themselves, but may just have done so. */
  #tell(): void {
    clearTimeout(this.#later)
    this.#later = undefined
    this.#woken_at = monotonic()
    const workers = this.#workers()
    if (tell(1, workers) < LOOKERS) for (const worker of workers) if (!worker.free) worker.wake()
  }
}

/**
 * Tells `count` that are free, those first that were told the longest ago: the last ones may be on their way, or hang. Returns how many
 * are free.
 */
function tell(count: number, workers: readonly Wakeable[]): number {
  const free = workers.filter((worker) => worker.free).sort((a, b) => a.woken_at - b.woken_at)
  for (const worker of free.slice(0, count)) worker.wake()
  return free.length
}
