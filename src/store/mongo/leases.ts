import type { JobStore, Renewed } from '../port.ts'
import type { Connection } from './connection.ts'
import { type Assignments, JOB_PROJECTION, literal, toJob } from './documents.ts'

/** Who holds what, and for how long, by the server's clock. */
export function leasing(db: Connection): Pick<JobStore, 'renew' | 'fence' | 'processing'> {
  const { jobs, processes } = db.models
  return {
    async renew({ worker_id, tokens, lease_ms }) {
      const sign = { $inc: { beats: 1 }, $currentDate: { beat_at: true } } as const
      const [renewed] = await Promise.all([
        renewLeases(db, tokens, lease_ms),
        db.call(() => processes.updateOne({ _id: worker_id }, sign)),
      ])
      return renewed
    },
    async fence({ id, token, new_token, by, lease_ms }) {
      const set: Assignments = {
        lease_token: literal(new_token),
        processing_by: literal(by),
        lease_expires_at: { $add: ['$$NOW', lease_ms] },
        updated_at: '$$NOW',
      }
      const held = { _id: id, state: 'processing' } as const
      const { matchedCount } = await db.call(() =>
        jobs.updateOne({ ...held, lease_token: token }, [{ $set: set }], { updatePipeline: true }),
      )
      // Not matched: it may have been this very call, whose first answer was lost.
      return matchedCount === 1 || (await db.call(() => jobs.exists({ ...held, lease_token: new_token }))) !== null
    },
    async processing() {
      const held = await db.call(() => jobs.find({ view: 'processing' }, JOB_PROJECTION).lean())
      // Here and not there: they are few, and an index for their order would be one more for each write to keep.
      return held.map(toJob).sort((a, b) => Number(a.locked_at) - Number(b.locked_at))
    },
  }
}

/** Renews the leases of `tokens`; what is not found held is lost. */
export async function renewLeases(db: Connection, tokens: readonly string[], lease_ms: number): Promise<Renewed> {
  if (tokens.length === 0) return { lost: [], cancelled: [] }
  const { jobs } = db.models
  const held = { state: 'processing', lease_token: { $in: [...tokens] } } as const
  const set: Assignments = { lease_expires_at: { $add: ['$$NOW', lease_ms] } }
  await db.call(() => jobs.updateMany(held, [{ $set: set }], { updatePipeline: true }))
  const found = await db.call(() => jobs.find(held, { lease_token: 1, cancel_requested_at: 1 }).lean())
  const requests = new Map(found.map((job) => [job.lease_token, job.cancel_requested_at]))
  return {
    lost: tokens.filter((token) => !requests.has(token)),
    cancelled: tokens.filter((token) => requests.get(token)),
  }
}
