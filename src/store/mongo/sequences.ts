import { misconfigured } from '../../domain/errors.ts'
import type { Connection } from './connection.ts'

/**
 * Takes the next `count` numbers of a sequence; returns the first. One write for a whole bulk. Unused numbers leave a
 * gap, which does no harm. Throws `configuration` if the counter is missing or damaged.
 */
export async function takeNumbers(db: Connection, sequence: 'jobs' | 'controls', count: number): Promise<number> {
  const increment = { $inc: { value: count } }
  const counter = await db.call(() =>
    db.models.meta.findOneAndUpdate({ _id: sequence }, increment, { returnDocument: 'after' }).lean(),
  )
  // Restarting at 1 would put new jobs before old ones.
  const last: unknown = counter && 'value' in counter ? counter.value : null
  if (Number.isSafeInteger(last)) return Number(last) - count + 1
  throw misconfigured(
    `the counter of ${sequence} in ${db.address.label} is missing or damaged`,
    'queuectl doctor --fix sets it',
  )
}
