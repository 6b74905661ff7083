import { existsSync } from 'node:fs'
import type { OutputTail } from '../domain/history.ts'
import type { Run } from '../domain/job.ts'
import type { JobStore } from '../store/port.ts'
import { logPath } from './log-path.ts'
import { lastLinesOf, readLog } from './log-reader.ts'

/** Where the log of a run lies, as machines see it. */
export interface LogLocation {
  host: string
  /** Null: not known here. */
  path: string | null
  /** Whether it can be read here; else the store has the end of it. */
  here: boolean
  /** Bytes of the output that nobody can read here; null: not known. */
  missing: number | null
}

/**
 * Calls `on_chunk` with the output of a run: from its log if that lies on this host, else from what the store keeps of it; all, or the
 * last `tail` lines. Returns where the log lies, and whether something is missing of what was asked for.
 */
export async function readOutput(
  store: JobStore,
  run: Run,
  on_chunk: (chunk: Buffer) => void,
  options: { tail?: number } = {},
): Promise<{ log: LogLocation; lacks: boolean }> {
  const path = pathHere(store, run)
  if (path !== null) {
    await readLog(path, on_chunk, options)
    return { log: { host: run.host, path, here: true, missing: 0 }, lacks: false }
  }
  const output = await store.output({ token: run.token })
  const log = locationOf(run, output)
  const kept = Buffer.from(output?.tail ?? [])
  const wanted = options.tail === undefined ? kept : lastLinesOf(kept, options.tail)
  if (wanted.length > 0) on_chunk(wanted)
  // Of lines that are all there nothing is missing.
  return { log, lacks: log.missing === null || (log.missing > 0 && wanted.length === kept.length) }
}

/** The log of a run, if it can be read here: there is one, or the store is for one host alone. */
export function pathHere(store: JobStore, { token }: Run): string | null {
  const path = logPath(store.info.folder, token)
  return !store.info.shared || existsSync(path) ? path : null
}

/** Where a log lies that does not lie here, told from what the store keeps of it. */
export function locationOf(run: Run, output: OutputTail | null): LogLocation {
  if (output === null) return { host: run.host, path: null, here: false, missing: null }
  const { host, path, bytes, tail, ended } = output
  // The worker could not tell the store of the last bytes, or not yet.
  const missing = ended || run.finished_at === null ? bytes - tail.length : null
  return { host, path, here: false, missing }
}

/** What is missing here of a run's output, in words; null: nothing. */
export function lackOf({ number, finished_at }: Run, { host, path, missing }: LogLocation): string | null {
  if (path === null) {
    const yet = finished_at === null ? ' yet' : ''
    return `the store has no output of run ${number}${yet}; its log is on ${host || 'the host that runs it'}`
  }
  if (missing === 0) return null
  const what = missing === null ? 'the end of run' : `the first ${missing} bytes of run`
  return `${what} ${number} ${missing === null ? 'may be' : 'are'} missing here; the whole log is on ${host}: ${path}`
}
