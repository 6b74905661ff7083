import { rm } from 'node:fs/promises'
import type { Config } from '../domain/config.ts'
import { logPath } from '../platform/files.ts'
import type { JobStore } from '../store/port.ts'
import type { Traces } from '../worker/traces.ts'

const BATCH = 500

/** Removes jobs that were kept for long enough, with their logs. Returns how many. */
export async function purgeExpired(store: JobStore, config: Config): Promise<number> {
  if (config.retention === null) return 0
  const older_than_ms = config.retention * 1000
  const { jobs, tokens } = await store.purge({ states: ['completed', 'cancelled'], older_than_ms, limit: BATCH })
  await Promise.all(tokens.map((token) => rm(logPath(store.info.folder, token), { force: true })))
  return jobs
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
