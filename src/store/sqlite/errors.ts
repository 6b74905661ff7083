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

/** Whether the file cannot be read as a database, or not completely. */
export function isDamaged(error: unknown): boolean {
  const code = primaryCode(error)
  return code === CODE.corrupt || code === CODE.not_a_database
}

/** Whether a value was rejected by its column. */
export function isRefused(error: unknown): boolean {
  const code = primaryCode(error)
  return code === CODE.constraint || code === CODE.mismatch
}

/** `error` as a domain error, if users can do something about it; otherwise unchanged. */
export function domainError(error: unknown, path: string): unknown {
  if (error instanceof QueuectlError) return error
  const reason = error instanceof Error ? error.message : String(error)
  switch (primaryCode(error)) {
    case CODE.busy:
    case CODE.locked:
      return tryAgain(`${path} is locked by another process`, 'it did not release the lock in time: try again')
    case CODE.readonly:
      return misconfigured(`cannot write ${path}: it is read-only`, `make it writable, or ${OTHER}`)
    case CODE.io:
      return ioError(
        `reading or writing ${path} failed: ${reason}`,
        'check the disk and its file system; the disk may be full',
      )
    case CODE.corrupt:
      return misconfigured(`${path} is damaged: ${reason}`, RECOVER)
    case CODE.full:
      return ioError(`the disk is full: ${path} cannot grow`, 'nothing was changed; free some space and try again')
    case CODE.cant_open:
      return misconfigured(`cannot open ${path}`, `check that its folder is writable, or ${OTHER}`)
    case CODE.not_a_database:
      return misconfigured(`${path} is not a queuectl database`, OTHER)
    // Statements and values are ours, and fit the schema that we have created.
    case CODE.error:
    case CODE.too_big:
    case CODE.constraint:
    case CODE.mismatch:
      return misconfigured(`${path} does not have the schema of queuectl: ${reason}`, DOCTOR)
    default:
      return isTooLarge(error) ? misconfigured(`${path} contains a number that is too large: ${reason}`, DOCTOR) : error
  }
}

/** Whether a whole number is larger than ours ever are: beyond JavaScript's exact numbers. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE'
}

/** The same for errors of the file system while the file is created. */
export function fileError(error: NodeJS.ErrnoException, path: string): QueuectlError {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return ioError(`cannot create ${path}: the disk is full`)
  if (error.code === 'EIO') return ioError(`cannot create ${path}: ${error.message}`)
  return misconfigured(`cannot create ${path}: ${reasonOf(error)}`, `check its folder, or ${OTHER}`)
}

/** The system's description of an error, as in `EACCES: permission denied, open 'queue.db'`; else its code. */
function reasonOf({ message, code }: NodeJS.ErrnoException): string {
  return /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? String(code)
}

const OTHER = 'choose another file with --db'
/** The remedy for a file that another program has changed. */
export const DOCTOR = 'another program has edited it: run queuectl doctor, or restore a backup'
/** The remedy for a damaged file. */
export const RECOVER =
  'stop the workers and keep a copy; restore a backup, or "sqlite3 FILE .recover | sqlite3 NEW" saves what can be read'

/** The low byte; the others distinguish variants (https://sqlite.org/rescode.html#pve). */
function primaryCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
}
