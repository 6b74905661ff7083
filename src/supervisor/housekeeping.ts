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

/** Removes traces of runs that nobody will ask for: those of no job in work that were there at the last look too. */
export class TraceSweep {
  readonly #store: JobStore
  readonly #traces: Traces
  #seen = new Set<string>()

  constructor(store: JobStore, traces: Traces) {
    this.#store = store
    this.#traces = traces
  }

  async pass(): Promise<void> {
    const tokens = this.#traces.tokens()
    if (tokens.length === 0) return
    const needed = new Set((await this.#store.processing()).map((job) => job.run_token))
    const idle = tokens.filter((token) => !needed.has(token))
    for (const token of idle) if (this.#seen.has(token)) this.#traces.forget(token)
    this.#seen = new Set(idle)
  }
}
