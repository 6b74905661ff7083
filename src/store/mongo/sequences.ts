import { misconfigured } from '../../domain/errors.ts'
import type { Connection } from './connection.ts'

/**
 * Takes the next `count` numbers of a sequence; returns the first. One write for a whole bulk. Numbers that were taken and not
 * used leave a gap, which nobody minds. Throws `configuration` when the counter is missing or is none.
 */
export async function takeNumbers(db: Connection, sequence: 'jobs' | 'controls', count: number): Promise<number> {
  const increment = { $inc: { value: count } }
  const counter = await db.call(() =>
    db.models.meta.findOneAndUpdate({ _id: sequence }, increment, { returnDocument: 'after' }).lean(),
  )
  // Beginning again at 1 would put new jobs before old ones.
  const last: unknown = counter && 'value' in counter ? counter.value : null
  if (Number.isSafeInteger(last)) return Number(last) - count + 1
  throw misconfigured(`${db.address.label} has lost its counter of ${sequence}`, 'queuectl doctor --fix sets it')
}
