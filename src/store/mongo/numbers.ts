import type { Connection } from './connection.ts'

/**
 * Takes the next `count` numbers of a sequence; returns the first. One write for a whole bulk. Numbers that were taken and not
 * used leave a gap, which nobody minds.
 */
export async function takeNumbers(db: Connection, sequence: 'jobs' | 'controls', count: number): Promise<number> {
  const increment = { $inc: { value: count } }
  const counter = await db.call(() =>
    db.models.meta.findOneAndUpdate({ _id: sequence }, increment, { returnDocument: 'after' }).lean(),
  )
  // Beginning again at 1 would put new jobs before old ones.
  if (!counter || !('value' in counter)) throw new Error(`${db.address.label} has lost its counter of ${sequence}`)
  return counter.value - count + 1
}
