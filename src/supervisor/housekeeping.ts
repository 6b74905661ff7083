import type { Config } from '../domain/config.ts'
import { removeLogs } from '../platform/files.ts'
import type { JobStore } from '../store/port.ts'
import type { Traces } from '../worker/traces.ts'

/** Jobs removed in one write: more would hold up the workers. */
const BATCH = 500

/** Removes all jobs that were kept for long enough, with their logs, as long as `goes_on` says so. */
export async function purgeExpired(store: JobStore, { retention }: Config, goes_on: () => boolean): Promise<void> {
  if (retention === null) return
  const expired = { states: ['completed', 'cancelled'], older_than_ms: retention * 1000, limit: BATCH } as const
  for (let jobs = BATCH; jobs === BATCH && goes_on(); ) {
    const purged = await store.purge(expired)
    await removeLogs(store.info.folder, purged.tokens)
    jobs = purged.jobs
  }
}

/**
 * Removes traces of runs that nobody will ask for: a worker that dies behind its last write to the store leaves them. In this order: a trace
 * is written for a job in work, so that a token that is not among those looked up later has been settled.
 */
export async function sweepTraces(store: JobStore, traces: Traces): Promise<void> {
  const tokens = traces.tokens()
  if (tokens.length === 0) return
  const needed = new Set((await store.processing()).map((job) => job.run_token))
  for (const token of tokens) if (!needed.has(token)) traces.forget(token)
}
