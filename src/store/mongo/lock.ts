import { tryAgain } from '../../domain/errors.ts'
import { sleep } from '../../lib/clock.ts'
import type { Connection } from './connection.ts'
import { literal } from './documents.ts'
import { isDuplicate } from './errors.ts'
import { EPOCH } from './schema.ts'

/** The lock of a process that died expires after this time, by the server's clock. */
const HELD_MS = 15_000
const RENEW_MS = 5_000
const ACQUIRE_TIMEOUT_MS = 60_000
const PAUSE_MS = 100

/**
 * Runs `work` while no other process changes the schema. Throws `try_again` if the lock is not released within a
 * minute.
 */
export async function withLock<T>(db: Connection, holder: string, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + ACQUIRE_TIMEOUT_MS
  while (!(await acquire(db, holder))) {
    if (performance.now() > until) {
      throw tryAgain(
        `another process is changing the schema of ${db.address.label}`,
        'it may be building indexes: try again later',
      )
    }
    await sleep(PAUSE_MS * (0.5 + Math.random()), db.closed)
  }
  const renewal = setInterval(() => void acquire(db, holder).catch(() => {}), RENEW_MS)
  try {
    return await work()
  } finally {
    clearInterval(renewal)
    const release = { $set: { expires_at: EPOCH } }
    await db.call(() => db.models.meta.updateOne({ _id: 'lock', holder }, release)).catch(() => {})
  }
}

/** Acquires or renews the lock, if it is free, expired or ours. Returns whether it is ours now. */
async function acquire(db: Connection, holder: string): Promise<boolean> {
  // In the pipeline, not in the filter: a server refuses $expr in the filter of an upsert
  // (https://github.com/mongodb/mongo/blob/v6.0/jstests/core/expr.js).
  const expired = { $lt: [{ $toLong: { $ifNull: ['$expires_at', EPOCH] } }, { $toLong: '$$NOW' }] }
  const free = { $or: [{ $eq: ['$holder', literal(holder)] }, expired] }
  const ifFree = (value: unknown, field: string) => ({ $cond: [free, value, field] })
  const take = {
    application: ifFree('queuectl', '$application'),
    holder: ifFree(literal(holder), '$holder'),
    expires_at: ifFree({ $add: ['$$NOW', HELD_MS] }, '$expires_at'),
  }
  const options = { upsert: true, returnDocument: 'after', updatePipeline: true } as const
  return db.call(async () => {
    try {
      const lock = await db.models.meta.findOneAndUpdate({ _id: 'lock' }, [{ $set: take }], options).lean()
      return lock?._id === 'lock' && lock.holder === holder
    } catch (error) {
      // Both found no document, and another process was faster.
      if (isDuplicate(error)) return false
      throw error
    }
  })
}
