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

/** Labels that servers and the driver add to errors that may pass. */
const PASSING_LABELS = ['RetryableWriteError', 'RetryableError', 'SystemOverloadedError']

/** Codes of the system and of Node for a connection that broke or could not be opened. */
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

/** Whether the same call may succeed a moment later. It is unknown whether the failed one took effect. */
export function isPassing(error: unknown): boolean {
  if (error instanceof mongo.MongoNetworkError || isUnfound(error) || isBroken(error)) return true
  // A bulk write wraps an error of the driver like an answer of the server.
  if (error instanceof mongo.MongoBulkWriteError && isPassing(error.errorResponse)) return true
  if (error instanceof mongo.MongoError && PASSING_LABELS.some((label) => error.hasErrorLabel(label))) return true
  const code = codeOf(error)
  return code === ATLAS ? isAtlasBusy((error as Error).message) : isPassingCode(code)
}

/** Whether a write fails because of a stored value, for every client and every time. */
function isUnfit(error: unknown): boolean {
  return isUnfitCode(codeOf(error)) || TOO_LARGE.has(codeOf(error))
}

/**
 * The result of `write`, or of `repaired` if a stored value makes `write` fail: it replaces that value. Rejects with any
 * other error.
 */
export async function unlessUnfit<T>(write: () => PromiseLike<T>, repaired: () => PromiseLike<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!isUnfit(error)) throw error
    return repaired()
  }
}

/** Whether a server lacks the feature, by the code or by the message: other vendors use different codes. */
export function isUnsupported(error: unknown): boolean {
  if (!(error instanceof mongo.MongoServerError)) return false
  return (
    isUnsupportedCode(codeOf(error)) ||
    /not (?:yet )?(?:supported|implemented|enabled)|unsupported|unrecogni[sz]ed/i.test(error.message)
  )
}

/** Whether the user lacks a right for the request. `error`: as the server sent it. */
export function isLackingRight(error: unknown): boolean {
  const code = codeOf(error)
  return code === CODE.unauthorized || (code === ATLAS && isAtlasRight((error as Error).message))
}

/** Whether a server has no change streams because it is not a member of a replica set. */
export function isStandalone(error: unknown): boolean {
  return codeOf(error) === CODE.no_replica_set
}

/** Whether the index that a query requires is missing. */
export function isHintMissing(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && /\bhint\b.* does not correspond|bad hint/i.test(error.message)
}

/** The error for a missing index. */
export function indexMissing({ label }: MongoAddress, index: string): QueuectlError {
  return misconfigured(`${label} lacks the index ${index}`, 'queuectl doctor --fix creates it again')
}

/** `error` as an error of the domain, without the password. */
export function domainError(error: unknown, address: MongoAddress): Error {
  if (error instanceof QueuectlError) return error
  const code = codeOf(error)
  const reason = address.redact(error instanceof Error ? error.message : String(error))
  if (isRefusedLogin(code, reason)) {
    return misconfigured(
      `MongoDB at ${address.hosts} refuses the user or the password`,
      'check both, and authSource, in the address; in a password write % : / ? # @ as %25 %3A %2F %3F %23 %40',
    )
  }
  if (/requires? authentication/i.test(reason)) {
    return misconfigured(
      `MongoDB at ${address.hosts} requires a user and a password`,
      'add them to the address: mongodb://user:password@host/database',
    )
  }
  if (code === CODE.unauthorized) {
    return misconfigured(
      `the user of ${address.label} lacks a right: ${reason}`,
      `give it the role readWrite on the database "${address.database}"`,
    )
  }
  // During server selection the driver wraps it in the error of a failed selection.
  if (error instanceof mongo.MongoCompatibilityError || /maximum wire version \d+, but/.test(reason)) {
    return tooOld(address, reason)
  }
  if (isUnreadable(error, reason)) {
    return misconfigured(
      `cannot use a file named in the address of MongoDB at ${address.hosts}: ${reason}`,
      'tlsCAFile and tlsCertificateKeyFile must be paths of PEM files on this host',
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
      `${address.label} contains values that queuectl did not store: ${reason}`,
      'another program edited it: check it with queuectl doctor, or restore a backup',
    )
  }
  if (code === CODE.out_of_disk_space) return ioError(`the disk of MongoDB at ${address.hosts} is full`)
  if (error instanceof mongo.MongoParseError || error instanceof mongo.MongoAPIError) return malformed(reason)
  return new Error(`MongoDB at ${address.hosts}: ${reason}`)
}

/** The error for a server that cannot be reached. */
export function cannotReach(address: MongoAddress, reason: string): QueuectlError {
  return unreachable(
    `MongoDB at ${address.hosts} cannot be reached: ${reason}`,
    'check that the server runs and that this host can reach it; the stored jobs are safe',
  )
}

/**
 * The error for a server that answers, but cannot serve the call now. For callers that wait for the store it equals one
 * out of reach.
 */
function busy(address: MongoAddress, reason: string): QueuectlError {
  return unreachable(
    `MongoDB at ${address.hosts} cannot answer now: ${reason}`,
    'try again; if it persists, check the server’s log; the stored jobs are safe',
  )
}

/** The error for a server that is too old. */
export function tooOld(address: MongoAddress, reason: string): QueuectlError {
  return misconfigured(`MongoDB at ${address.hosts} is too old: ${reason}`, 'queuectl needs MongoDB 6.0 or later')
}

/** The error for a server that reports `reported` as its time, which is not a date. */
export function clockless(address: MongoAddress, reported: unknown): QueuectlError {
  const shown = reported === undefined ? 'missing' : JSON.stringify(reported)
  return misconfigured(
    `MongoDB at ${address.hosts} does not report its time: hello.localTime is ${shown}`,
    'leases depend on the server’s clock: use MongoDB 6.0 or later, or an engine that answers hello in the same way',
  )
}

/** Whether no server was found in time (an error of the driver or of mongoose), or its name cannot be resolved. */
function isUnfound(error: unknown): boolean {
  if (error instanceof mongo.MongoServerSelectionError) return true
  if (error instanceof MongooseError.MongooseServerSelectionError) return true
  return error instanceof Error && 'syscall' in error && /^(query|getaddrinfo)/.test(String(error.syscall))
}

/** Whether the connection broke while it was opened or written to: the driver passes on the system's error. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && BROKEN.has(String(error.code))
}

/**
 * Whether a certificate or key is missing, is not one, or has another password. Errors of OpenSSL come inside the error
 * of a failed server selection.
 */
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
