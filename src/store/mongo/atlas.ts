import { ioError, misconfigured, type QueuectlError } from '../../domain/errors.ts'
import type { MongoAddress } from './url.ts'

/**
 * The one code for everything that Atlas itself refuses before the request reaches MongoDB: only the message gives the
 * reason.
 */
export const ATLAS = 8000

interface Refusal {
  words: RegExp
  /** The error for the reason given; absent: the refusal is temporary. */
  error?: (address: MongoAddress, reason: string) => QueuectlError
}

const LACKS_RIGHT = /not allowed to do action|not authorized/i

/**
 * By messages that Atlas was seen to send (https://www.mongodb.com/docs/atlas/reference/free-shared-limitations/); the
 * first match counts.
 */
const REFUSALS: readonly Refusal[] = [
  {
    // cannot create a new collection -- already using 500 collections of 500
    words: /already using \d+ collections/i,
    error: ({ label }, reason) =>
      misconfigured(
        `cannot create a collection in ${label}: ${reason}`,
        'remove unused databases from the cluster, or use a larger cluster',
      ),
  },
  {
    // you are over your space quota, using 513 MB of 512 MB. Writes are blocked on your cluster.
    words: /space quota|writes are blocked/i,
    error: ({ hosts }, reason) =>
      ioError(
        `the disk of MongoDB at ${hosts} is full: ${reason}`,
        'free space with queuectl purge, or use a larger cluster',
      ),
  },
  {
    // user is not allowed to do action [find] on [jobs.meta]
    words: LACKS_RIGHT,
    error: ({ label, database }, reason) =>
      misconfigured(
        `the user of ${label} lacks a right: ${reason}`,
        `give it the role readWrite on the database "${database}"`,
      ),
  },
  {
    // no SNI name sent, make sure using a MongoDB 3.4+ driver/shell.
    words: /no SNI name/i,
    error: ({ hosts }, reason) =>
      misconfigured(
        `MongoDB Atlas cannot identify the cluster by ${hosts}: ${reason}`,
        'use the host names that Atlas gives, not IP addresses, or its mongodb+srv:// address',
      ),
  },
  { words: /too many (?:open )?connections|connection limit|rate limit|too many requests|throttl|try again/i },
]

/** Whether Atlas refused because this user lacks a right. */
export const isAtlasRight = (reason: string) => LACKS_RIGHT.test(reason)

/** Whether the refusal is temporary: the same call may succeed later. */
export function isAtlasBusy(reason: string): boolean {
  const refusal = REFUSALS.find(({ words }) => words.test(reason))
  return refusal !== undefined && refusal.error === undefined
}

/** The error for a refusal by Atlas with the message `reason`. */
export function atlasError(address: MongoAddress, reason: string): QueuectlError {
  const refusal = REFUSALS.find(({ words }) => words.test(reason))
  if (refusal?.error) return refusal.error(address, reason)
  return misconfigured(
    `MongoDB Atlas at ${address.hosts} refuses a request of queuectl: ${reason}`,
    'use a dedicated cluster (M10 or larger): it supports everything that MongoDB does',
  )
}
