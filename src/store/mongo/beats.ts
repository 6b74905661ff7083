import type { Connection } from './connection.ts'
import { unlessUnfit } from './errors.ts'

/**
 * Runs `write`, which counts a heartbeat for each of the processes `ids`. A count that was damaged by an edit restarts
 * at 0.
 */
export async function writeBeats(db: Connection, ids: readonly string[], write: () => Promise<unknown>): Promise<void> {
  const damaged = { _id: { $in: [...ids] }, beats: { $not: { $lt: Number.MAX_SAFE_INTEGER } } }
  const repaired = async () => {
    await db.models.processes.updateMany(damaged, { $set: { beats: 0 } })
    return write()
  }
  await db.call(() => unlessUnfit(write, repaired))
}
