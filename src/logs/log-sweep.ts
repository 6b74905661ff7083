import path from 'node:path'
import { asyncFiles } from '../lib/lazy.ts'
import type { JobStore } from '../store/port.ts'
import { logPath } from './log-path.ts'

/** Logs checked in one pass. */
const BATCH = 1_000
/** A log that was written this recently stays, whatever the store contains. */
const FRESH_MS = 3_600_000

const LOG = /^([0-9a-z]{20})\.log$/

/**
 * Removes this host's logs of runs that a shared store no longer records. A purge removes only the logs of the host
 * where it runs, and old runs of a job are dropped without a purge. Checks all logs, one batch per pass.
 */
export class LogSweep {
  readonly #store: JobStore
  readonly #logs: string
  #folders: string[] = []
  #tokens: string[] = []

  constructor(store: JobStore) {
    this.#store = store
    this.#logs = path.join(store.info.folder, 'logs')
  }

  async pass(): Promise<void> {
    if (!this.#store.info.shared) return
    if (this.#tokens.length === 0) await this.#nextFolder()
    const tokens = this.#tokens.splice(0, BATCH)
    if (tokens.length === 0) return
    // In this order: a run that finishes in between is then in the run history.
    const running = (await this.#store.processing()).map((job) => job.run_token)
    const known = new Set([...running, ...(await this.#store.recorded({ tokens }))])
    await Promise.all(tokens.filter((token) => !known.has(token)).map((token) => this.#remove(token)))
  }

  async #nextFolder(): Promise<void> {
    if (this.#folders.length === 0) this.#folders = await names(this.#logs)
    const folder = this.#folders.pop()
    const files = folder === undefined ? [] : await names(path.join(this.#logs, folder))
    this.#tokens = files.flatMap((file) => LOG.exec(file)?.[1] ?? [])
  }

  async #remove(token: string): Promise<void> {
    const file = logPath(this.#store.info.folder, token)
    try {
      const { rm, stat } = asyncFiles()
      if (Date.now() - (await stat(file)).mtimeMs > FRESH_MS) await rm(file)
    } catch {
      // Another supervisor of this host was faster.
    }
  }
}

/** The names in a folder; none when it does not exist. */
function names(folder: string): Promise<string[]> {
  return asyncFiles()
    .readdir(folder)
    .catch(() => [])
}
