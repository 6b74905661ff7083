import { newToken } from '../../domain/ids.ts'
import { FINAL_STATES, isFinal, type JobState } from '../../domain/job.ts'
import type { Changed, JobStore, PurgeParams } from '../port.ts'
import type { Connection } from './connection.ts'
import { type Assignments, JOB_PROJECTION, type JobRow, literal, runsIn, toJob } from './documents.ts'
import { EPOCH } from './schema.ts'

/** How a request changes a job that is in one of the states `from`. */
interface Change {
  from: readonly JobState[]
  /** A further condition on its fields. */
  if?: Record<string, unknown>
  set: Assignments
}

/** Ids that are processed at the same time. */
const AT_ONCE = 32

const whenPending = (then: unknown, otherwise: unknown) => ({
  $cond: [{ $eq: ['$state', 'pending'] }, then, otherwise],
})

const CANCEL: Change = {
  from: ['pending', 'processing'],
  set: {
    state: whenPending('cancelled', '$state'),
    view: whenPending('cancelled', '$view'),
    finished_at: whenPending('$$NOW', '$finished_at'),
    reason: whenPending('cancelled', '$reason'),
    cancel_requested_at: whenPending(null, { $ifNull: ['$cancel_requested_at', '$$NOW'] }),
  },
}

const REQUEUE: Change = {
  from: FINAL_STATES,
  set: {
    state: 'pending',
    view: 'ready',
    next_run_at: '$$NOW',
    attempts: 0,
    interruptions: 0,
    worker_deaths: 0,
    requeues: { $add: ['$requeues', 1] },
    started_at: null,
    finished_at: null,
    exit_code: null,
    signal: null,
    reason: null,
  },
}

const PROMOTE: Change = {
  from: ['pending'],
  if: { $expr: { $gt: [{ $toLong: '$next_run_at' }, { $toLong: '$$NOW' }] } },
  set: { view: 'ready', next_run_at: '$$NOW' },
}

/** Requests of operators: one write and one result for each id, in the order requested. */
export function changing(db: Connection): Pick<JobStore, 'cancel' | 'requeue' | 'promote' | 'purge'> {
  const apply =
    (change: Change) =>
    ({ ids }: { ids: readonly string[] }) =>
      applyAll(db, change, ids)
  return {
    cancel: apply(CANCEL),
    requeue: ({ ids, from = FINAL_STATES }) => applyAll(db, { ...REQUEUE, from: from.filter(isFinal) }, ids),
    promote: apply(PROMOTE),
    purge: (params) => purge(db, params),
  }
}

async function applyAll(db: Connection, change: Change, ids: readonly string[]): Promise<Changed[]> {
  const results: Changed[] = []
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const last = new Map<string, Promise<Changed>>()
    const running = ids.slice(from, from + AT_ONCE).map((id) => {
      // An id that is named twice is processed twice, one after the other.
      const result = Promise.resolve(last.get(id)).then(() => applyOne(db, change, id))
      last.set(id, result)
      return result
    })
    results.push(...(await Promise.all(running)))
  }
  return results
}

function applyOne(db: Connection, change: Change, id: string): Promise<Changed> {
  const change_token = newToken()
  const filter = { _id: id, state: { $in: [...change.from] }, ...change.if }
  const set = { ...change.set, updated_at: '$$NOW', change_token: literal(change_token) }
  const options = { returnDocument: 'after', updatePipeline: true, projection: JOB_PROJECTION } as const
  return db.call(async (again) => {
    const changed = await db.models.jobs.findOneAndUpdate(filter, [{ $set: set }], options).lean()
    if (changed) return done(changed)
    const found = await db.models.jobs.findOne({ _id: id }, { history: 0 }).lean()
    if (!found) return { id, result: 'not_found', job: null }
    const { change_token: last, ...row } = found
    return again && last === change_token ? done(row) : { id, result: 'wrong_state', job: toJob(row) }
  })
}

function done(row: JobRow): Changed {
  return { id: row._id, result: row.state === 'processing' ? 'requested' : 'done', job: toJob(row) }
}

async function purge(db: Connection, params: PurgeParams): Promise<{ jobs: number; tokens: string[] }> {
  const { older_than_ms } = params
  // Without an age, no upper bound: our estimate of the server's clock may be slightly behind, and just finished jobs
  // count too.
  const before = older_than_ms > 0 ? { $lte: new Date(db.now() - older_than_ms) } : {}
  const finished = {
    state: { $in: params.states.filter(isFinal) },
    finished_at: { $gt: EPOCH, ...before },
    ...(params.queue === undefined ? {} : { queue: params.queue }),
  }
  const purged = { jobs: 0, tokens: [] as string[] }
  // A concurrent purge may remove some jobs of a page first. Go on: to the caller fewer than `limit` means that no more
  // exist.
  while (purged.jobs < params.limit) {
    const limit = params.limit - purged.jobs
    const page = await purgePage(db, finished, limit)
    purged.jobs += page.removed
    purged.tokens.push(...page.tokens)
    if (page.found < limit) break
  }
  return purged
}

/**
 * `removed`: jobs removed by this call. `tokens`: runs of all jobs that are gone, since each host has its own logs to
 * remove.
 */
async function purgePage(
  db: Connection,
  finished: Record<string, unknown>,
  limit: number,
): Promise<{ found: number; removed: number; tokens: string[] }> {
  const { jobs, outputs } = db.models
  const found = await db.call(() =>
    jobs
      .find(finished, { 'history.token': 1, seq: 1, finished_at: 1 })
      .sort({ finished_at: 1 })
      .limit(limit)
      .lean<{ _id: string; seq: number; finished_at: Date; history: unknown }[]>(),
  )
  const last = found.at(-1)
  if (last === undefined) return { found: 0, removed: 0, tokens: [] }
  // A job that was requeued and finished again since it was found must stay: someone may wait for its new result.
  const finished_by_then = { ...finished, finished_at: { $gt: EPOCH, $lte: last.finished_at } }
  const ids = { $in: found.map(({ _id }) => _id) }
  // Outputs first: if the call is cut off in between, the jobs remain and are purged again, and no output is orphaned.
  // A job that is requeued meanwhile loses the copy of its earlier output, but not its logs.
  await db.call(() => outputs.deleteMany({ job: ids }))
  const counted = await db.call(async (again) => {
    const { deletedCount } = await jobs.deleteMany({ ...finished_by_then, _id: ids })
    return again ? null : deletedCount
  })
  // Jobs that were requeued in between still exist. A job that was removed and enqueued again has another `seq`.
  const kept = new Set((await db.call(() => jobs.find({ _id: ids }, { seq: 1 }).lean())).map(locationOf))
  const gone = found.filter((job) => !kept.has(locationOf(job)))
  const tokens = gone.flatMap((job) => runsIn(job).map(({ token }) => token))
  // The count of a repeated delete is wrong: the first try may have removed some.
  return { found: found.length, removed: counted ?? gone.length, tokens }
}

const locationOf = ({ _id, seq }: { _id: string; seq: number }) => `${seq} ${_id}`
