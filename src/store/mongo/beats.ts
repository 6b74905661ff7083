import type { Connection } from './connection.ts'
import { isUnfit } from './errors.ts'

/** Signs of life of the processes `ids` by `write`, which counts them: a count that somebody has edited begins again. */
export async function writeBeats(db: Connection, ids: readonly string[], write: () => Promise<unknown>): Promise<void> {
  const damaged = { _id: { $in: [...ids] }, beats: { $not: { $lt: Number.MAX_SAFE_INTEGER } } }
  await db.call(async () => {
    try {
      await write()
    } catch (error) {
      if (!isUnfit(error)) throw error
      await db.models.processes.updateMany(damaged, { $set: { beats: 0 } })
      await write()
    }
  })
}
