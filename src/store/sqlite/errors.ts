import { ioError, misconfigured, QueuectlError, tryAgain } from '../../domain/errors.ts'

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const CODE = {
  error: 1,
  busy: 5,
  locked: 6,
  readonly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cant_open: 14,
  too_big: 18,
  constraint: 19,
  mismatch: 20,
  not_a_database: 26,
} as const

/** Whether another connection holds the lock: the same call may succeed a moment later. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error)
  return code === CODE.busy || code === CODE.locked
}

/** Whether the file cannot be read as a database, or not as a whole. */
export function isDamaged(error: unknown): boolean {
  const code = primaryCode(error)
  return code === CODE.corrupt || code === CODE.not_a_database
}

/** Whether a value did not fit where it was to be stored. */
export function isRefused(error: unknown): boolean {
  const code = primaryCode(error)
  return code === CODE.constraint || code === CODE.mismatch
}

/** `error` in the words of the domain, when it is one that people can do something about; else as it came. */
export function domainError(error: unknown, path: string): unknown {
  if (error instanceof QueuectlError) return error
  const reason = error instanceof Error ? error.message : String(error)
  switch (primaryCode(error)) {
    case CODE.busy:
    case CODE.locked:
      return tryAgain(`${path} is locked by another process`, 'it did not let go in time: try again')
    case CODE.readonly:
      return misconfigured(`${path} cannot be written: it is read-only`, `give yourself access, or ${OTHER}`)
    case CODE.io:
      return ioError(`reading or writing ${path} failed: ${reason}`, 'is the disk full? look at it and its file system')
    case CODE.corrupt:
      return misconfigured(`${path} is damaged: ${reason}`, RECOVER)
    case CODE.full:
      return ioError(`the disk is full: ${path} cannot grow`, 'nothing was changed; make room and try again')
    case CODE.cant_open:
      return misconfigured(`${path} cannot be opened`, `check that its folder can be written, or ${OTHER}`)
    case CODE.not_a_database:
      return misconfigured(`${path} is not a queuectl database`, OTHER)
    // Statements and values are ours, and fit what we have made.
    case CODE.error:
    case CODE.too_big:
    case CODE.constraint:
    case CODE.mismatch:
      return misconfigured(`${path} is not as queuectl has made it: ${reason}`, DOCTOR)
    default:
      return isTooLarge(error) ? misconfigured(`${path} holds a number that is too large: ${reason}`, DOCTOR) : error
  }
}

/** Whether a whole number is larger than ours ever are: beyond what JavaScript's own hold. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE'
}

/** The same for errors of the file system met while the file was made. */
export function fileError(error: NodeJS.ErrnoException, path: string): QueuectlError {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return ioError(`the disk is full: ${path} cannot be made`)
  if (error.code === 'EIO') return ioError(`${path} cannot be made: ${error.message}`)
  return misconfigured(`${path} cannot be made (${error.code})`, `check its folder, or ${OTHER}`)
}

const OTHER = 'choose another file (--db names the queue’s)'
/** The remedy for a file that somebody else has changed. */
export const DOCTOR = 'somebody has edited it: queuectl doctor looks for what is wrong; a backup can be restored'
/** The remedy for a damaged file. */
export const RECOVER =
  'stop the workers and keep a copy; restore a backup, or "sqlite3 FILE .recover | sqlite3 NEW" saves what can be read'

/** The low byte; the others tell variants apart (https://sqlite.org/rescode.html#pve). */
function primaryCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
}
