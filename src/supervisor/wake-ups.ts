import { POLL_MS } from '../domain/timing.ts'
import { monotonic } from '../lib/clock.ts'
import type { WorkerProcess } from './worker-process.ts'

/** Up to this many workers each poll for work once a second. */
const CROWD = 8
/** How many of a larger crowd poll each second: two, in case one hangs. */
const POLLERS = 2
/**
 * The least time between two wake-ups of a crowd: a bulk enqueue is many hints, and a worker that finds a job passes
 * the hint on.
 */
const APART_MS = 20
const LONGEST_POLL_MS = 30 * POLL_MS

/** Milliseconds after which one of `count` workers polls for work without a wake-up. */
export function pollMs(count: number): number {
  return count > CROWD ? LONGEST_POLL_MS : POLL_MS
}

type Wakeable = Pick<WorkerProcess, 'free' | 'patient' | 'woken_at' | 'wake'>

/**
 * Wakes workers to look for work, one for each hint and one for each job found. All at once would get in each other's
 * way: when eight ask MongoDB for a single job, it starts three times as late as with one.
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
    if (wait_ms <= 0) this.#wake()
    else this.#later ??= setTimeout(() => this.#wake(), wait_ms).unref()
  }

  /**
   * `finder` found work: there may be more. With no free worker the busy ones are woken: one that finishes may have
   * looked too early.
   */
  found(finder: Wakeable): void {
    const workers = this.#workers()
    if (wakeFree(1, workers) === 0) for (const worker of workers) if (worker !== finder) worker.wake()
  }

  /**
   * To be called once a second, in case a hint was missed: wakes some of the workers that rarely poll by themselves.
   */
  poll(): void {
    const patient = this.#workers().filter((worker) => worker.patient)
    wakeFree(POLLERS, patient)
  }

  /**
   * Wakes one free worker. With hardly any free, the busy ones too: they look when they finish, but may just have done
   * so.
   */
  #wake(): void {
    clearTimeout(this.#later)
    this.#later = undefined
    this.#woken_at = monotonic()
    const workers = this.#workers()
    if (wakeFree(1, workers) < POLLERS) for (const worker of workers) if (!worker.free) worker.wake()
  }
}

/**
 * Wakes `count` free workers, those first whose last wake-up is oldest: the others may be looking already, or hang.
 * Returns how many are free.
 */
function wakeFree(count: number, workers: readonly Wakeable[]): number {
  const free = workers.filter((worker) => worker.free).sort((a, b) => a.woken_at - b.woken_at)
  for (const worker of free.slice(0, count)) worker.wake()
  return free.length
}
