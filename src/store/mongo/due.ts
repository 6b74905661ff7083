import { ALL_QUEUES, type ClaimFilter } from '../../domain/claim-filter.ts'
import { admitted } from './admitted.ts'
import type { Connection } from './connection.ts'
import { isUnfit } from './errors.ts'
import { EPOCH, UNHELD } from './schema.ts'

/** Jobs that wait for their time, and those whose time came since the last claim. */
export const WAITING = { state: 'pending', view: { $in: ['scheduled', 'retrying'] } } as const

/** So many in one go; the rest by the next claims. */
const PROMOTED_AT_ONCE = 1000

/** Where somebody has edited something else into a job the server refuses the write, and with it that of all others. */
const WHOLE = { finished_at: null, ...UNHELD }

/**
 * Makes jobs ready whose time has come. Returns whether there were any, and when the first of those that go on waiting is due; null:
 * none waits.
 */
export async function promoteDue(db: Connection): Promise<{ due: Date | null; promoted: boolean }> {
  const first = await firstDue(db, ALL_QUEUES)
  const now = new Date(db.now())
  if (!first || first > now) return { due: first, promoted: false }
  const due = { ...WAITING, next_run_at: { $lte: now } }
  const { jobs } = db.models
  const found = await db.call(() => jobs.find(due, { _id: 1 }).sort({ next_run_at: 1 }).limit(PROMOTED_AT_ONCE).lean())
  const ids = found.map(({ _id }) => _id)
  // As they are stored: an id that is no text would be made text, and its job stay due for ever.
  const those = { _id: { $in: ids as never[] }, ...due }
  const promote = (fields: object) => jobs.collection.updateMany(those, { $set: { view: 'ready', ...fields } })
  await db.call(() => promote({}).catch((error) => (isUnfit(error) ? promote(WHOLE) : Promise.reject(error))))
  return { due: await firstDue(db, ALL_QUEUES), promoted: true }
}

/** When the first of those jobs is due that wait and that the filter admits; null: none waits. */
export async function firstDue(db: Connection, filter: ClaimFilter): Promise<Date | null> {
  // What is no date comes before all that are; a list of dates counts as each of them.
  const date = { $gt: EPOCH, $not: { $type: 'array' } } as const
  const waiting = { ...WAITING, ...(await admitted(db, filter, WAITING.view.$in)), next_run_at: date }
  const first = await db.call(() => db.models.jobs.findOne(waiting, { next_run_at: 1 }).sort({ next_run_at: 1 }).lean())
  return first?.next_run_at ?? null
}
