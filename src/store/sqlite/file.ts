import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { misconfigured, noQueueYet, QueuectlError } from '../../domain/errors.ts'
import { fileError } from './errors.ts'

/**
 * SQLite would give the file, and later its -wal and -shm, the mode that the umask allows. `wx`, because opening and
 * closing a file that SQLite has open in this process would drop its locks (https://sqlite.org/howtocorrupt.html, 2.2).
 */
export function makePrivately(path: string): void {
  try {
    refuseLogAlone(path)
    const folder = dirname(path)
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (made !== undefined) syncNames(folder, dirname(made))
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (error instanceof QueuectlError) throw error
    const failure = error as NodeJS.ErrnoException
    if (failure.code !== 'EEXIST') throw fileError(failure, path)
  }
}

/**
 * Throws `configuration` for a log without its file: SQLite would take the file for new, and remove the log, which may
 * contain the jobs.
 */
export function refuseLogAlone(path: string): void {
  // The log first: while a queue is being created, its file has the first page before a log exists.
  if (sizeOf(`${path}-wal`) === 0 || sizeOf(path) > 0) return
  throw misconfigured(
    `${path} is ${existsSync(path) ? 'empty' : 'missing'}, but its log ${path}-wal exists`,
    'put it back next to its log, or move the log away to start an empty queue',
  )
}

/** Size in bytes; 0 if it does not exist. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** Throws `not_found` for a file that is missing or empty: only some commands create a queue. */
export function refuseAbsent(path: string): void {
  refuseLogAlone(path)
  if (sizeOf(path) === 0) throw noQueueYet(path)
}

/**
 * The name of a new folder is durable once the folder above is synced, up to `top`; SQLite syncs the names of its own
 * files.
 */
function syncNames(folder: string, top: string): void {
  for (let at = dirname(folder); ; at = dirname(at)) {
    try {
      const fd = openSync(at, 'r')
      fsyncSync(fd)
      closeSync(fd)
    } catch {
      // Not every system can sync folders, and not every folder is readable.
    }
    if (at === top || at === dirname(at)) return
  }
}
