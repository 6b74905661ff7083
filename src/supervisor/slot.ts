import { availableParallelism } from 'node:os'
import { monotonic } from '../lib/clock.ts'
import type { WorkerProcess } from './worker-process.ts'

/** A crashed worker is replaced after 100 ms, doubling to 30 s; 60 s of life and it begins anew. */
const BACKOFF_MS = { first: 100, most: 30_000, healthy: 60_000 }

/** So many workers begin at a time. Each has a core for a quarter of a second: many at once would all be late, and be killed for it. */
const BEGINNERS = Math.max(4, 2 * availableParallelism())

/** How many workers may be forked while `workers` are there. */
export function freeStarts(workers: readonly WorkerProcess[]): number {
  return Math.max(0, BEGINNERS - workers.filter(({ ready }) => !ready).length)
}

/** Where one worker belongs. When it dies the slot waits a little and gets a new one. */
export class Slot {
  worker: WorkerProcess | null = null
  restarts = 0
  #deaths = 0
  #forked_at = Number.NEGATIVE_INFINITY
  #fork_at = Number.NEGATIVE_INFINITY

  /** Milliseconds until a worker is to be forked; Infinity while there is one. */
  get due_in(): number {
    return this.worker === null ? Math.max(0, this.#fork_at - monotonic()) : Number.POSITIVE_INFINITY
  }

  /** How much would be cut off if it were given up. */
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

  /** Its worker is gone. Returns the milliseconds until the next is forked. */
  vacate(): number {
    this.worker = null
    if (monotonic() - this.#forked_at > BACKOFF_MS.healthy) this.#deaths = 0
    const wait = Math.min(BACKOFF_MS.first * 2 ** this.#deaths++, BACKOFF_MS.most)
    this.#fork_at = monotonic() + wait
    return wait
  }
}
