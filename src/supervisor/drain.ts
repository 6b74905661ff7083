import { EXIT } from '../domain/errors.ts'
import { JOB_VIEWS } from '../domain/job.ts'
import type { JobStore } from '../store/port.ts'
import type { Tell } from './events.ts'

const UNFINISHED = [...JOB_VIEWS, 'processing'] as const
const MOST_DEAD = 10_000

/** What a drain is about. `timeout`: seconds. `since`: when it began, by the store's clock. */
export interface DrainParams {
  store: JobStore
  queues: readonly string[] | null
  timeout: number | null
  since: number
}

/** Goes on until nothing is left to run, or its time is over. */
export class Drain {
  readonly #params: DrainParams
  /** Jobs that are left and that died; null: it goes on, or something else ended it. */
  #came_to: { left: number; died: number } | null = null

  constructor(params: DrainParams) {
    this.#params = params
  }

  /** Looks whether it is over, and why; null: it goes on. */
  async look(): Promise<string | null> {
    const { store, queues, since, timeout } = this.#params
    const left = await unfinished(store, queues)
    const late = timeout !== null && store.now() - since > timeout * 1000
    if (left > 0 && !late) return null
    this.#came_to = { left, died: await diedSince(store, queues, since) }
    return left > 0 ? `not drained in ${timeout} s` : 'drained'
  }

  /** Once the workers have ended: a job that came when the look was just over may have been taken yet, and have died. */
  async lookAgain(): Promise<void> {
    const { store, queues, since } = this.#params
    if (this.#came_to !== null) this.#came_to.died = await diedSince(store, queues, since)
  }

  /** Tells what it has come to. Returns the exit code; null: something else ended it. */
  conclude(tell: Tell): number | null {
    if (this.#came_to === null) return null
    const { left, died } = this.#came_to
    tell({ event: left > 0 ? 'not_drained' : 'drained', left, died })
    if (left > 0) return EXIT.timed_out
    return died > 0 ? EXIT.unsuccessful : EXIT.ok
  }
}

/** How many jobs of `queues` (null: all) are not final: waiting for their time and for a retry included. */
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
