import { Error as MongooseError, mongo } from 'mongoose'
import { invalid, ioError, misconfigured, QueuectlError, tryAgain, unreachable } from '../../domain/errors.ts'
import { type MongoAddress, malformed } from './address.ts'

/** Error codes of the server (https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml). */
const CODE = {
  user_not_found: 11,
  unauthorized: 13,
  authentication_failed: 18,
  write_concern_timeout: 64,
  duplicate_key: 11000,
  out_of_disk_space: 14031,
  /** Atlas says it for everything that concerns accounts. */
  atlas: 8000,
}

const TOO_LARGE = new Set([10334, 17419, 17420])

/** The primary stepped down or shuts down, or a majority did not confirm: the write may have been done, or not. */
const PASSING = new Set([
  6, 7, 50, 64, 79, 89, 91, 100, 112, 133, 134, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436,
])

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

/** A value is not of the type, or a document not of the form, that the write or the collection wants. */
const UNFIT = new Set([2, 14, 121, 241, 16_554, 16_556, 16_702, 28_765])

/** Whether the id, or the token, belongs to another document. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === CODE.duplicate_key
}

/** Whether the same call may succeed a moment later. What it did, if it did anything, is not known. */
export function isPassing(error: unknown): boolean {
  if (error instanceof mongo.MongoNetworkError || isUnfound(error) || isBroken(error)) return true
  // A bulk dresses what the driver met as an answer of the server.
  if (error instanceof mongo.MongoBulkWriteError && isPassing(error.errorResponse)) return true
  if (error instanceof mongo.MongoError && error.hasErrorLabel('RetryableWriteError')) return true
  return PASSING.has(codeOf(error))
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
  if (code === CODE.unauthorized || code === CODE.atlas) {
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
  if (isPassing(error)) return cannotReach(address, reason)
  if (TOO_LARGE.has(code) || /larger than the maximum|object to insert too large/i.test(reason)) {
    return invalid(`this is too large for one MongoDB document (16 MiB): ${reason}`)
  }
  if (UNFIT.has(code)) {
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

/** The error for a server that lacks what is needed. */
export function tooOld(address: MongoAddress, reason: string): QueuectlError {
  return misconfigured(`MongoDB at ${address.hosts} is too old: ${reason}`, 'MongoDB 6.0 or later is needed')
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
  if (code === CODE.atlas) return /bad auth|authentication failed/i.test(reason)
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
