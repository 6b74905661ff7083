import { existsSync } from 'node:fs'
import type { OutputTail } from '../domain/history.ts'
import type { Run } from '../domain/job.ts'
import type { JobStore } from '../store/port.ts'
import { logPath } from './log-path.ts'
import { lastLinesOf, readLog } from './log-reader.ts'

/** Location of a run's log, as shown in JSON. */
export interface LogLocation {
  host: string
  /** Null: not known on this host. */
  path: string | null
  /** Whether it can be read on this host; otherwise the store has the end of it. */
  here: boolean
  /** Bytes of the output that cannot be read on this host; null: unknown. */
  missing: number | null
}

/**
 * Calls `on_chunk` with the output of a run: from its log if that is on this host, else from what the store keeps of
 * it; all, or the last `tail` lines. Returns the location of the log, and whether part of the requested output is
 * missing.
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
  // If all requested lines exist, nothing is missing.
  return { log, lacks: log.missing === null || (log.missing > 0 && wanted.length === kept.length) }
}

/** The path of a run's log if it can be read here: it exists, or the store belongs to one host alone. */
export function pathHere(store: JobStore, { token }: Run): string | null {
  const path = logPath(store.info.folder, token)
  return !store.info.shared || existsSync(path) ? path : null
}

/** Location of a log on another host, from what the store keeps of it. */
export function locationOf(run: Run, output: OutputTail | null): LogLocation {
  if (output === null) return { host: run.host, path: null, here: false, missing: null }
  const { host, path, bytes, tail, ended } = output
  // The worker could not send the last bytes to the store, or has not done so yet.
  const missing = ended || run.finished_at === null ? bytes - tail.length : null
  return { host, path, here: false, missing }
}

/** Describes what is missing here of a run's output; null: nothing. */
export function lackOf({ number, finished_at }: Run, { host, path, missing }: LogLocation): string | null {
  if (path === null) {
    const yet = finished_at === null ? ' yet' : ''
    return `the store has no output of run ${number}${yet}; its log is on ${host || 'the host that runs it'}`
  }
  if (missing === 0) return null
  const what = missing === null ? 'the end of run' : `the first ${missing} bytes of run`
  return `${what} ${number} ${missing === null ? 'may be' : 'are'} missing here; the whole log is on ${host}: ${path}`
}
