import { ioError, misconfigured, type QueuectlError } from '../../domain/errors.ts'
import type { MongoAddress } from './url.ts'

/** Atlas answers with this code to whatever it refuses itself, before MongoDB hears of it: only the words say what. */
export const ATLAS = 8000

interface Refusal {
  words: RegExp
  /** The error for the reason that was given; absent: it passes. */
  error?: (address: MongoAddress, reason: string) => QueuectlError
}

const LACKS_RIGHT = /not allowed to do action|not authorized/i

/** By what Atlas was seen to say (https://www.mongodb.com/docs/atlas/reference/free-shared-limitations/); the first that fits. */
const REFUSALS: readonly Refusal[] = [
  {
    // cannot create a new collection -- already using 500 collections of 500
    words: /already using \d+ collections/i,
    error: ({ label }, reason) =>
      misconfigured(
        `${label} cannot get another collection: ${reason}`,
        'remove databases of the cluster that nobody needs, or take a larger cluster',
      ),
  },
  {
    // you are over your space quota, using 513 MB of 512 MB. Writes are blocked on your cluster.
    words: /space quota|writes are blocked/i,
    error: ({ hosts }, reason) =>
      ioError(
        `the disk of MongoDB at ${hosts} is full: ${reason}`,
        'queuectl purge makes room; so does a larger cluster',
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
        `MongoDB Atlas cannot tell which cluster is meant by ${hosts}: ${reason}`,
        'name its hosts as Atlas does, not by number, or use its mongodb+srv:// address',
      ),
  },
  { words: /too many (?:open )?connections|connection limit|rate limit|too many requests|throttl|try again/i },
]

/** Whether Atlas refuses it to this user. */
export const isAtlasRight = (reason: string) => LACKS_RIGHT.test(reason)

/** Whether Atlas only wants some patience. */
export function isAtlasBusy(reason: string): boolean {
  const refusal = REFUSALS.find(({ words }) => words.test(reason))
  return refusal !== undefined && refusal.error === undefined
}

/** The error for what Atlas refuses for `reason`. */
export function atlasError(address: MongoAddress, reason: string): QueuectlError {
  const refusal = REFUSALS.find(({ words }) => words.test(reason))
  if (refusal?.error) return refusal.error(address, reason)
  return misconfigured(
    `MongoDB Atlas refuses what queuectl asks ${address.hosts} for: ${reason}`,
    'a dedicated cluster (M10 or larger) does all that MongoDB does',
  )
}
