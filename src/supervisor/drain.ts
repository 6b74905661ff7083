import { EXIT } from '../domain/errors.ts'
import { JOB_VIEWS } from '../domain/job.ts'
import type { JobStore } from '../store/port.ts'
import type { Report } from './events.ts'

const UNFINISHED = [...JOB_VIEWS, 'processing'] as const
const MOST_DEAD = 10_000

/**
 * `queues`: null means all. `timeout`: seconds, null means no limit. `since`: when the drain began, by the store's
 * clock.
 */
export interface DrainParams {
  store: JobStore
  queues: readonly string[] | null
  timeout: number | null
  since: number
}

/** Runs until no unfinished job remains, or its timeout is over. */
export class Drain {
  readonly #params: DrainParams
  /** How many jobs remain and how many died; null: the drain goes on, or something else stopped it. */
  #result: { left: number; died: number } | null = null

  constructor(params: DrainParams) {
    this.#params = params
  }

  /** Checks whether the drain is over. Returns the reason; null: it goes on. */
  async check(): Promise<string | null> {
    const { store, queues, since, timeout } = this.#params
    const left = await unfinished(store, queues)
    const late = timeout !== null && store.now() - since > timeout * 1000
    if (left > 0 && !late) return null
    this.#result = { left, died: await diedSince(store, queues, since) }
    return left > 0 ? `not drained in ${timeout} s` : 'drained'
  }

  /**
   * To be called once the workers have exited: a job that came just after the check may still have been claimed, and
   * have died.
   */
  async recount(): Promise<void> {
    const { store, queues, since } = this.#params
    if (this.#result !== null) this.#result.died = await diedSince(store, queues, since)
  }

  /** Reports the result. Returns the exit code; null: something else stopped the drain. */
  conclude(report: Report): number | null {
    if (this.#result === null) return null
    const { left, died } = this.#result
    report({ event: left > 0 ? 'not_drained' : 'drained', left, died })
    if (left > 0) return EXIT.timed_out
    return died > 0 ? EXIT.unsuccessful : EXIT.ok
  }
}

/** How many jobs of `queues` (null: all) are not final, delayed jobs and retries included. */
async function unfinished(store: JobStore, queues: readonly string[] | null): Promise<number> {
  const { total, queues: each } = await store.overview()
  const counts = queues === null ? [total] : queues.flatMap((queue) => each[queue] ?? [])
  return counts.reduce((sum, count) => sum + UNFINISHED.reduce((part, state) => part + count[state], 0), 0)
}

/** How many jobs of `queues` died at or after `since` (epoch milliseconds of the store's clock). */
async function diedSince(store: JobStore, queues: readonly string[] | null, since: number): Promise<number> {
  let died = 0
  for (const queue of queues ?? [undefined]) {
    const scope = queue === undefined ? {} : { queue }
    const page = { state: 'dead', finished_since: since, sort: 'finished', limit: MOST_DEAD } as const
    died += (await store.list({ ...page, ...scope })).length
  }
  return died
}
