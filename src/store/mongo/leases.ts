import type { JobStore, Renewed } from '../port.ts'
import { writeBeats } from './beats.ts'
import type { Connection } from './connection.ts'
import { type Assignments, JOB_PROJECTION, type JobRow, literal, toJob } from './documents.ts'
import { unlessUnfit } from './errors.ts'
import { ifDate, ifText } from './type-guards.ts'

/**
 * Valid values for the fields that a processing job must have (`POSSIBLE`). If an edit removed one of them, the server
 * refuses every write to the job, and with it the renewal of all other jobs in the same write.
 */
const WHOLE: Assignments = {
  view: 'processing',
  finished_at: null,
  started_at: ifDate('$started_at', '$started_at', '$$NOW'),
  locked_at: ifDate('$locked_at', '$locked_at', '$$NOW'),
  run_token: ifText('$run_token', '$run_token', '$lease_token'),
  processing_by: ifText('$processing_by', '$processing_by', ''),
}

/** Leases: which worker holds which job until when, by the server's clock. */
export function leasing(db: Connection): Pick<JobStore, 'renew' | 'fence' | 'processing'> {
  const { jobs, processes } = db.models
  return {
    async renew({ worker_id, tokens, lease_ms }) {
      const sign = { $inc: { beats: 1 }, $currentDate: { beat_at: true } } as const
      const [renewed] = await Promise.all([
        renewLeases(db, tokens, lease_ms),
        writeBeats(db, [worker_id], () => processes.updateOne({ _id: worker_id }, sign)),
      ])
      return renewed
    },
    async fence({ id, token, new_token, by, lease_ms, expires_at }) {
      const set: Assignments = {
        lease_token: literal(new_token),
        processing_by: literal(by),
        lease_expires_at: { $add: ['$$NOW', lease_ms] },
        updated_at: '$$NOW',
      }
      const seen = expires_at === undefined ? {} : { lease_expires_at: new Date(expires_at) }
      const { matchedCount } = await writeHeld(db, 'updateOne', { _id: id, lease_token: token, ...seen }, set)
      // Not matched: this call may have swapped the token already, and its first answer was lost.
      return matchedCount === 1 || (await db.call(() => heldBy(db, new_token))) !== null
    },
    async processing() {
      const held = await db.call(() => jobs.find({ view: 'processing' }, JOB_PROJECTION).lean())
      // Sorted here: they are few, and an index for this order would slow down every write.
      return held.map(toJob).sort((a, b) => Number(a.locked_at) - Number(b.locked_at))
    },
  }
}

/** Renews the leases of `tokens`. Tokens that no longer hold a job are returned as lost. */
export async function renewLeases(db: Connection, tokens: readonly string[], lease_ms: number): Promise<Renewed> {
  if (tokens.length === 0) return { lost: [], cancelled: [] }
  const which = { lease_token: { $in: [...tokens] } }
  await writeHeld(db, 'updateMany', which, { lease_expires_at: { $add: ['$$NOW', lease_ms] } })
  const read = await db.call(() =>
    db.models.jobs.find({ state: 'processing', ...which }, { lease_token: 1, cancel_requested_at: 1 }).lean(),
  )
  const requests = new Map(read.map((job) => [job.lease_token, job.cancel_requested_at]))
  for (const token of tokens) {
    if (requests.has(token)) continue
    // A worker kills a run that it learns is lost. So what the read did not find yet is checked by a write.
    const job = await db.call(() => heldBy(db, token))
    if (job) requests.set(token, job.cancel_requested_at)
  }
  return {
    lost: tokens.filter((token) => !requests.has(token)),
    cancelled: tokens.filter((token) => requests.get(token)),
  }
}

/**
 * The job that `token` holds. It is read by a write that changes nothing: the answer waits until a majority has all
 * earlier writes. A read does not wait for that, and an old primary that has not yet noticed its successor may answer
 * it (https://jira.mongodb.org/browse/SERVER-89619).
 */
export function heldBy(db: Connection, token: string): Promise<JobRow | null> {
  const same = [{ $set: { lease_token: literal(token) } }]
  const options = { returnDocument: 'after', updatePipeline: true, projection: JOB_PROJECTION } as const
  return db.models.jobs.findOneAndUpdate({ state: 'processing', lease_token: token }, same, options).lean()
}

/** Sets fields of processing jobs, damaged ones included. */
function writeHeld(
  db: Connection,
  how: 'updateOne' | 'updateMany',
  which: Record<string, unknown>,
  set: Assignments,
): Promise<{ matchedCount: number }> {
  const write = (fields: Assignments) =>
    db.models.jobs[how]({ state: 'processing', ...which }, [{ $set: fields }], { updatePipeline: true })
  return db.call(() =>
    unlessUnfit(
      () => write(set),
      () => write({ ...WHOLE, ...set }),
    ),
  )
}
