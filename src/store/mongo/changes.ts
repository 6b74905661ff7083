import { newToken } from '../../domain/ids.ts'
import { FINAL_STATES, isFinal, type JobState } from '../../domain/job.ts'
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
  const { older_than_ms } = params
  // Whatever has ended, also where it seems to end only in a moment: the server's clock as it is known here may be a little behind.
  const before = older_than_ms > 0 ? { $lte: new Date(db.now() - older_than_ms) } : {}
  const ended = {
    state: { $in: params.states.filter(isFinal) },
    finished_at: { $gt: EPOCH, ...before },
    ...(params.queue === undefined ? {} : { queue: params.queue }),
  }
  const purged = { jobs: 0, tokens: [] as string[] }
  // Another purge may have removed some of a page before: fewer than `limit` mean to the caller that there are no more.
  while (purged.jobs < params.limit) {
    const limit = params.limit - purged.jobs
    const page = await purgePage(db, ended, limit)
    purged.jobs += page.removed
    purged.tokens.push(...page.tokens)
    if (page.found < limit) break
  }
  return purged
}

/** `removed`: by this call. The tokens are of all that are gone: each host has logs of its own to remove. */
async function purgePage(
  db: Connection,
  ended: Record<string, unknown>,
  limit: number,
): Promise<{ found: number; removed: number; tokens: string[] }> {
  const { jobs, outputs } = db.models
  const found = await db.call(() =>
    jobs
      .find(ended, { 'history.token': 1, seq: 1, finished_at: 1 })
      .sort({ finished_at: 1 })
      .limit(limit)
      .lean<{ _id: string; seq: number; finished_at: Date; history: unknown }[]>(),
  )
  const last = found.at(-1)
  if (last === undefined) return { found: 0, removed: 0, tokens: [] }
  // One that has ended anew since it was found is another job to whoever waits for it.
  const ended_by_then = { ...ended, finished_at: { $gt: EPOCH, $lte: last.finished_at } }
  const ids = { $in: found.map(({ _id }) => _id) }
  // First: cut off in between, the call leaves jobs that are purged again, not outputs of none. One that is requeued meanwhile loses
  // the copy of what it printed before, not its logs.
  await db.call(() => outputs.deleteMany({ job: ids }))
  const counted = await db.call(async (again) => {
    const { deletedCount } = await jobs.deleteMany({ ...ended_by_then, _id: ids })
    return again ? null : deletedCount
  })
  // Those that were requeued in between are still there; one that was stored anew has another place.
  const kept = new Set((await db.call(() => jobs.find({ _id: ids }, { seq: 1 }).lean())).map(locationOf))
  const gone = found.filter((job) => !kept.has(locationOf(job)))
  const tokens = gone.flatMap((job) => runsIn(job).map(({ token }) => token))
  // The count of a repeated delete would say nothing.
  return { found: found.length, removed: counted ?? gone.length, tokens }
}

const locationOf = ({ _id, seq }: { _id: string; seq: number }) => `${seq} ${_id}`
