import { tryAgain } from '../../domain/errors.ts'
import { sleep } from '../../lib/clock.ts'
import type { Connection } from './connection.ts'
import { isDuplicate } from './errors.ts'

/** Whoever dies with the lock keeps it so long, by the server's clock. */
const HELD_MS = 15_000
const RENEW_MS = 5_000
const PATIENCE_MS = 60_000
const PAUSE_MS = 100

/** Runs `work` while no other host changes the schema. Throws `try_again` when the lock does not come free within a minute. */
export async function withLock<T>(db: Connection, holder: string, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE_MS
  while (!(await acquire(db, holder))) {
    if (performance.now() > until) {
      throw tryAgain(`another host changes the schema of ${db.address.label}`, 'it may be building indexes: try again')
    }
    await sleep(PAUSE_MS * (0.5 + Math.random()), db.closed)
  }
  const renewal = setInterval(() => void acquire(db, holder).catch(() => {}), RENEW_MS)
  try {
    return await work()
  } finally {
    clearInterval(renewal)
    const release = { $set: { expires_at: new Date(0) } }
    await db.call(() => db.models.meta.updateOne({ _id: 'lock', holder }, release)).catch(() => {})
  }
}

/** Takes or renews the lock: it is free, over, or ours. */
async function acquire(db: Connection, holder: string): Promise<boolean> {
  const over = { $lt: [{ $toLong: '$expires_at' }, { $toLong: '$$NOW' }] }
  const take = { application: 'queuectl', holder, expires_at: { $add: ['$$NOW', HELD_MS] } }
  const filter = { _id: 'lock' as const, $or: [{ holder }, { $expr: over }] }
  return db.call(async () => {
    try {
      await db.models.meta.updateOne(filter, [{ $set: take }], { upsert: true, updatePipeline: true })
      return true
    } catch (error) {
      // The upsert met the document of another holder.
      if (isDuplicate(error)) return false
      throw error
    }
  })
}
