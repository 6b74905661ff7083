import { FINAL_STATES, isFinal, type JobState } from '../../domain/job.ts'
import { newToken } from '../../domain/token.ts'
import type { Changed, JobStore, PurgeParams } from '../port.ts'
import type { Connection } from './connection.ts'
import { type Assignments, JOB_PROJECTION, type JobRow, literal, runsIn, toJob } from './documents.ts'
import { EPOCH } from './schema.ts'

/** What a request makes of a job in one of the states `from`. */
interface Change {
  from: readonly JobState[]
  /** A further condition on its fields. */
  if?: Record<string, unknown>
  set: Assignments
}

/** So many ids are on their way at a time. */
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

/** Requests of people: one write for each id, one result for each, in the order asked. */
export function changing(db: Connection): Pick<JobStore, 'cancel' | 'requeue' | 'promote' | 'purge'> {
  const apply =
    (change: Change) =>
    ({ ids }: { ids: readonly string[] }) =>
      applyAll(db, change, ids)
  return {
    cancel: apply(CANCEL),
    requeue: apply(REQUEUE),
    promote: apply(PROMOTE),
    purge: (params) => purge(db, params),
  }
}

async function applyAll(db: Connection, change: Change, ids: readonly string[]): Promise<Changed[]> {
  const results: Changed[] = []
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const last = new Map<string, Promise<Changed>>()
    const running = ids.slice(from, from + AT_ONCE).map((id) => {
      // An id that is named twice is asked twice, one after the other.
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
  const { jobs, outputs } = db.models
  const ended = {
    state: { $in: params.states.filter(isFinal) },
    finished_at: { $gt: EPOCH, $lte: new Date(db.now() - params.older_than_ms) },
    ...(params.queue === undefined ? {} : { queue: params.queue }),
  }
  const found = await db.call(() =>
    jobs
      .find(ended, { 'history.token': 1 })
      .sort({ finished_at: 1 })
      .limit(params.limit)
      .lean<{ _id: string; history: unknown }[]>(),
  )
  const ids = { $in: found.map(({ _id }) => _id) }
  // First: cut off in between, the call leaves jobs that are purged again, not outputs of none. One that is requeued meanwhile loses
  // the copy of what it printed before, not its logs.
  await db.call(() => outputs.deleteMany({ job: ids }))
  await db.call(() => jobs.deleteMany({ _id: ids, ...ended }))
  // Those that were requeued in between are still there; the count of a repeated delete would say nothing.
  const kept = new Set((await db.call(() => jobs.find({ _id: ids }, { _id: 1 }).lean())).map(({ _id }) => _id))
  const gone = found.filter(({ _id }) => !kept.has(_id))
  return { jobs: gone.length, tokens: gone.flatMap((job) => runsIn(job).map(({ token }) => token)) }
}
