import { admits, admitsAll, type ClaimFilter, namedQueues } from '../../domain/claim-filter.ts'
import type { Connection } from './connection.ts'
import type { JobRow } from './documents.ts'

/** What a query says beside the state of the jobs that it wants. */
export type Admission = { queue?: { $in: readonly string[] } }

/**
 * The condition for jobs in one of `views` that the filter admits. It always names the queues that it wants: `$nin` would walk past
 * all that waits in the others. Which there are is asked for where the filter does not name them, which is one trip more, and
 * one look for each queue that has such jobs.
 */
export async function admitted(
  db: Connection,
  filter: ClaimFilter,
  views: readonly JobRow['view'][],
): Promise<Admission> {
  if (admitsAll(filter)) return {}
  const named = namedQueues(filter)
  if (named !== null) return { queue: { $in: named } }
  // Any string: by naming its first field the index `queue_age` serves the question.
  const known = { queue: { $gt: '' }, view: { $in: [...views] } }
  const queues = await db.call(() => db.models.jobs.distinct('queue', known))
  return { queue: { $in: queues.filter((queue) => admits(filter, queue)) } }
}
