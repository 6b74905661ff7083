import { availableParallelism } from 'node:os'
import { monotonic } from '../lib/clock.ts'
import type { WorkerProcess } from './worker-process.ts'

/** A crashed worker is replaced after 100 ms, doubling to 30 s; the back-off resets after 60 s of life. */
const BACKOFF_MS = { first: 100, most: 30_000, healthy: 60_000 }

/**
 * How many workers start at a time. Each needs a core for a quarter of a second: too many at once would all be late,
 * and be killed.
 */
const BEGINNERS = Math.max(4, 2 * availableParallelism())

/** How many more workers may be forked, given the current `workers`. */
export function freeStarts(workers: readonly WorkerProcess[]): number {
  return Math.max(0, BEGINNERS - workers.filter(({ ready }) => !ready).length)
}

/** The place of one worker in the pool. When the worker dies, the slot gets a new one after a back-off. */
export class Slot {
  worker: WorkerProcess | null = null
  restarts = 0
  #deaths = 0
  #forked_at = Number.NEGATIVE_INFINITY
  #fork_at = Number.NEGATIVE_INFINITY

  /** Milliseconds until the next fork; Infinity while the slot has a worker. */
  get due_in(): number {
    return this.worker === null ? Math.max(0, this.#fork_at - monotonic()) : Number.POSITIVE_INFINITY
  }

  /** How much work would stop if this slot were removed: empty slots come first, then idle workers. */
  get load(): number {
    if (this.worker === null) return -1
    return this.worker.idle ? 0 : 1 + this.worker.jobs.length
  }

  fill(worker: WorkerProcess | null): void {
    if (this.#deaths > 0) this.restarts++
    this.#forked_at = monotonic()
    this.worker = worker
    if (worker === null) this.vacate()
  }

  /** Its worker has exited. Returns the milliseconds until the next fork. */
  vacate(): number {
    this.worker = null
    if (monotonic() - this.#forked_at > BACKOFF_MS.healthy) this.#deaths = 0
    const wait = Math.min(BACKOFF_MS.first * 2 ** this.#deaths++, BACKOFF_MS.most)
    this.#fork_at = monotonic() + wait
    return wait
  }
}
