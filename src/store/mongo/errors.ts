import { Error as MongooseError, mongo } from 'mongoose'
import { invalid, ioError, misconfigured, QueuectlError, tryAgain, unreachable } from '../../domain/errors.ts'
import { ATLAS, atlasError, isAtlasBusy, isAtlasRight } from './atlas.ts'
import { isAnswer, isPassingCode, isUnfitCode, isUnsupportedCode } from './error-codes.ts'
import { type MongoAddress, malformed } from './url.ts'

/** Error codes of the server (https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml). */
const CODE = {
  user_not_found: 11,
  unauthorized: 13,
  authentication_failed: 18,
  write_concern_timeout: 64,
  duplicate_key: 11000,
  out_of_disk_space: 14031,
  no_replica_set: 40573,
}

const TOO_LARGE = new Set([10334, 17419, 17420])

/** What servers, and the driver, say of errors besides their codes. */
const PASSING_LABELS = ['RetryableWriteError', 'RetryableError', 'SystemOverloadedError']

/** What the system, or Node, says of a connection that ends before its time, or never comes about. */
const BROKEN = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_DESTROYED',
])

/** Whether the id, or the token, belongs to another document. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === CODE.duplicate_key
}

/** Whether the same call may succeed a moment later. What it did, if it did anything, is not known. */
export function isPassing(error: unknown): boolean {
  if (error instanceof mongo.MongoNetworkError || isUnfound(error) || isBroken(error)) return true
  // A bulk dresses what the driver met as an answer of the server.
  if (error instanceof mongo.MongoBulkWriteError && isPassing(error.errorResponse)) return true
  if (error instanceof mongo.MongoError && PASSING_LABELS.some((label) => error.hasErrorLabel(label))) return true
  const code = codeOf(error)
  return code === ATLAS ? isAtlasBusy((error as Error).message) : isPassingCode(code)
}

/** Whether a write fails for what is stored, whoever makes it, however often. */
export function isUnfit(error: unknown): boolean {
  return isUnfitCode(codeOf(error)) || TOO_LARGE.has(codeOf(error))
}

/** Whether a server says that it has no such thing, by code or by words: those of other makers have codes of their own. */
export function isUnsupported(error: unknown): boolean {
  if (!(error instanceof mongo.MongoServerError)) return false
  return (
    isUnsupportedCode(codeOf(error)) ||
    /not (?:yet )?(?:supported|implemented|enabled)|unsupported|unrecogni[sz]ed/i.test(error.message)
  )
}

/** Whether the user may not do what was asked. `error`: as the server gave it. */
export function isLackingRight(error: unknown): boolean {
  const code = codeOf(error)
  return code === CODE.unauthorized || (code === ATLAS && isAtlasRight((error as Error).message))
}

/** Whether a server has no change streams because it is no member of a replica set. */
export function isStandalone(error: unknown): boolean {
  return codeOf(error) === CODE.no_replica_set
}

/** Whether an index is missing by which a query asks to be answered. */
export function isHintMissing(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && /\bhint\b.* does not correspond|bad hint/i.test(error.message)
}

/** The error for a missing index. */
export function indexMissing({ label }: MongoAddress, index: string): QueuectlError {
  return misconfigured(`${label} lacks the index ${index}`, 'queuectl doctor --fix makes it again')
}

/** `error` in the words of the domain, without the password. */
export function domainError(error: unknown, address: MongoAddress): Error {
  if (error instanceof QueuectlError) return error
  const code = codeOf(error)
  const reason = address.redact(error instanceof Error ? error.message : String(error))
  if (isRefusedLogin(code, reason)) {
    return misconfigured(
      `MongoDB at ${address.hosts} refuses the user or the password`,
      'check both, and authSource, in the address; % : / ? # @ in a password are written as %25 %3A %2F %3F %23 %40',
    )
  }
  if (/requires? authentication/i.test(reason)) {
    return misconfigured(
      `MongoDB at ${address.hosts} wants a user and a password`,
      'put them into the address: mongodb://user:password@host/database',
    )
  }
  if (code === CODE.unauthorized) {
    return misconfigured(
      `the user of ${address.label} lacks a right: ${reason}`,
      `give it the role readWrite on the database "${address.database}"`,
    )
  }
  // Found by looking for a server it is wrapped in the error of a search without success.
  if (error instanceof mongo.MongoCompatibilityError || /maximum wire version \d+, but/.test(reason)) {
    return tooOld(address, reason)
  }
  if (isUnreadable(error, reason)) {
    return misconfigured(
      `a file that the address of MongoDB at ${address.hosts} names cannot be used: ${reason}`,
      'tlsCAFile and tlsCertificateKeyFile are paths on this host, of files in PEM format',
    )
  }
  if (isClosed(error)) return tryAgain(`the connection to ${address.hosts} was closed`)
  if (code === CODE.write_concern_timeout)
    return cannotReach(address, 'a majority of its members did not confirm the write')
  if (isPassing(error)) return isAnswer(code) || code === ATLAS ? busy(address, reason) : cannotReach(address, reason)
  if (code === ATLAS) return atlasError(address, reason)
  if (TOO_LARGE.has(code) || /larger than the maximum|object to insert too large/i.test(reason)) {
    return invalid(`this is too large for one MongoDB document (16 MiB): ${reason}`)
  }
  if (isUnfitCode(code)) {
    return misconfigured(
      `${address.label} holds what queuectl has not stored: ${reason}`,
      'somebody has edited it: queuectl doctor looks for what is wrong; a backup can be restored',
    )
  }
  if (code === CODE.out_of_disk_space) return ioError(`the disk of MongoDB at ${address.hosts} is full`)
  if (error instanceof mongo.MongoParseError || error instanceof mongo.MongoAPIError) return malformed(reason)
  return new Error(`MongoDB at ${address.hosts}: ${reason}`)
}

/** The error for a server that does not answer. */
export function cannotReach(address: MongoAddress, reason: string): QueuectlError {
  return unreachable(
    `MongoDB at ${address.hosts} cannot be reached: ${reason}`,
    'check that the server runs and can be reached from here; what the queue holds is safe',
  )
}

/** The error for a server that answers that it cannot now: to whoever waits for the store that is the same as none. */
function busy(address: MongoAddress, reason: string): QueuectlError {
  return unreachable(
    `MongoDB at ${address.hosts} cannot answer now: ${reason}`,
    'try again; if it lasts, its log says what it is busy with; what the queue holds is safe',
  )
}

/** The error for a server that lacks what is needed. */
export function tooOld(address: MongoAddress, reason: string): QueuectlError {
  return misconfigured(`MongoDB at ${address.hosts} is too old: ${reason}`, 'MongoDB 6.0 or later is needed')
}

/** The error for a server that says `told` for its time, which is none. */
export function clockless(address: MongoAddress, told: unknown): QueuectlError {
  const said = told === undefined ? 'nothing' : JSON.stringify(told)
  return misconfigured(
    `MongoDB at ${address.hosts} does not tell its time: hello.localTime is ${said}`,
    'leases hold by the clock of the server: use MongoDB 6.0 or later, or an engine that answers hello as it does',
  )
}

/** No server was found in time, by the driver's or mongoose's own word, or its name is not known. */
function isUnfound(error: unknown): boolean {
  if (error instanceof mongo.MongoServerSelectionError) return true
  if (error instanceof MongooseError.MongooseServerSelectionError) return true
  return error instanceof Error && 'syscall' in error && /^(query|getaddrinfo)/.test(String(error.syscall))
}

/** The connection broke while it was being made, or was written to, which the driver hands on as it is. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && BROKEN.has(String(error.code))
}

/** A certificate or a key: not there, none, or under another password. What OpenSSL says comes in the error of a search for a server. */
function isUnreadable(error: unknown, reason: string): boolean {
  return (
    (error instanceof Error && 'syscall' in error && error.syscall === 'open') ||
    /(?:PEM|DECODER|Provider) routines::/.test(reason)
  )
}

function isRefusedLogin(code: number, reason: string): boolean {
  if (code === ATLAS) return /bad auth|authentication failed/i.test(reason)
  return code === CODE.authentication_failed || code === CODE.user_not_found
}

function isClosed(error: unknown): boolean {
  return (
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoClientClosedError ||
    error instanceof mongo.MongoExpiredSessionError
  )
}

function codeOf(error: unknown): number {
  return error instanceof mongo.MongoError && typeof error.code === 'number' ? error.code : 0
}
