import { EXIT } from '../domain/errors.ts'
import type { JobStore } from '../store/port.ts'

const UNFINISHED = ['ready', 'scheduled', 'retrying', 'processing'] as const
const MOST_DEAD = 10_000

/** What a drain has come to: null while it goes on. */
export type Drained = { exit_code: number; cause: string; left: number; died: number } | null

/** Looks whether nothing is left to run, or `timeout` (seconds) is over. `since`: when the drain began, by the store's clock. */
export async function lookAtDrain(
  store: JobStore,
  queues: readonly string[] | null,
  since: number,
  timeout: number | null,
): Promise<Drained> {
  const left = await unfinished(store, queues)
  const late = timeout !== null && store.now() - since > timeout * 1000
  if (left > 0 && !late) return null
  const died = await diedSince(store, queues, since)
  if (left > 0) return { exit_code: EXIT.timed_out, cause: `not drained in ${timeout} s`, left, died }
  return { exit_code: died > 0 ? EXIT.unsuccessful : EXIT.ok, cause: 'drained', left, died }
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
