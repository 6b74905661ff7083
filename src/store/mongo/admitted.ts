import { admits, admitsAll, type ClaimFilter, namedQueues } from '../../domain/claim-filter.ts'
import type { Connection } from './connection.ts'
import type { JobRow } from './documents.ts'

/** The condition on queues that a query adds to its condition on the state of jobs. */
export type Admission = { queue?: { $in: readonly string[] } }

/**
 * The condition for jobs in one of `views` that the filter admits. It always names the queues to include: `$nin` would
 * scan every job that waits in the excluded ones. If the filter does not name them, the existing queues are read first:
 * one more round trip, and one index seek for each queue that has such jobs.
 */
export async function admitted(
  db: Connection,
  filter: ClaimFilter,
  views: readonly JobRow['view'][],
): Promise<Admission> {
  if (admitsAll(filter)) return {}
  const named = namedQueues(filter)
  if (named !== null) return { queue: { $in: named } }
  // Matches any string: the query must name the first field of the index `queue_age` to use it.
  const known = { queue: { $gt: '' }, view: { $in: [...views] } }
  const queues = await db.call(() => db.models.jobs.distinct('queue', known))
  return { queue: { $in: queues.filter((queue) => admits(filter, queue)) } }
}
