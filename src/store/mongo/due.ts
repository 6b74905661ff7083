import { ALL_QUEUES, type ClaimFilter } from '../../domain/claim-filter.ts'
import { admitted } from './admitted.ts'
import type { Connection } from './connection.ts'
import { WAITING_VIEWS } from './documents.ts'
import { unlessUnfit } from './errors.ts'
import { EPOCH, UNHELD } from './schema.ts'

/** Jobs that wait for their time, and those that became due since the last claim. */
export const WAITING = { state: 'pending', view: { $in: WAITING_VIEWS } } as const

/** Jobs promoted at once; later claims promote the rest. */
const PROMOTED_AT_ONCE = 1000

/**
 * Valid values for fields that an edit may have damaged: the server refuses to write such a job, and with it all
 * others.
 */
const WHOLE = { finished_at: null, ...UNHELD }

/** Makes due jobs ready. Returns whether there were any, and when the next waiting job is due; null: none waits. */
export async function promoteDue(db: Connection): Promise<{ due: Date | null; promoted: boolean }> {
  const first = await firstDue(db, ALL_QUEUES)
  const now = new Date(db.now())
  if (!first || first > now) return { due: first, promoted: false }
  const due = { ...WAITING, next_run_at: { $lte: now } }
  const { jobs } = db.models
  const found = await db.call(() => jobs.find(due, { _id: 1 }).sort({ next_run_at: 1 }).limit(PROMOTED_AT_ONCE).lean())
  const ids = found.map(({ _id }) => _id)
  // Past mongoose, which would convert an id that is not text: its job would stay due for ever.
  const those = { _id: { $in: ids as never[] }, ...due }
  const promote = (fields: object) => jobs.collection.updateMany(those, { $set: { view: 'ready', ...fields } })
  await db.call(() =>
    unlessUnfit(
      () => promote({}),
      () => promote(WHOLE),
    ),
  )
  return { due: await firstDue(db, ALL_QUEUES), promoted: true }
}

/** When the first waiting job that the filter admits is due; null: none waits. */
export async function firstDue(db: Connection, filter: ClaimFilter): Promise<Date | null> {
  // Excludes damaged values: other types sort before dates, and a list of dates matches as each of its dates.
  const date = { $gt: EPOCH, $not: { $type: 'array' } } as const
  const waiting = { ...WAITING, ...(await admitted(db, filter, WAITING_VIEWS)), next_run_at: date }
  const first = await db.call(() => db.models.jobs.findOne(waiting, { next_run_at: 1 }).sort({ next_run_at: 1 }).lean())
  return first?.next_run_at ?? null
}
