import { EXIT, QueuectlError } from '../../domain/errors.ts'
import type { Claimed, ClaimParams, JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { type Assignments, flawIn, JOB_PROJECTION, type JobRow, literal, toJob } from './documents.ts'
import { isDuplicate } from './errors.ts'
import { renewLeases } from './leases.ts'
import { EPOCH, UNHELD } from './schema.ts'

/** The rest by the next claims. */
const BURIED_AT_ONCE = 100

const READY = { state: 'pending', view: 'ready' } as const
const WAITING = { state: 'pending', view: { $in: ['scheduled', 'retrying'] } } as const

/** So many in one go; the rest by the next claims. */
const PROMOTED_AT_ONCE = 1000

/** While there is ready work, due jobs may be this late: looking for them before each claim would be a second trip for each. */
const LOOK_EVERY_MS = 250

/** A claim without an answer may still be on its way for so long: the deadline of a call and the driver's own patience. */
const DOUBTFUL_MS = 30_000

/** The part of the store that hands jobs out. */
export function claiming(db: Connection): Pick<JobStore, 'claim'> {
  const doubtful = new Map<string, { worker_id: string; since: number }>()
  let looked_at = Number.NEGATIVE_INFINITY

  /** A job of this worker's that was claimed without its knowing: it would wait for its lease to end. */
  async function leftBehind({ worker_id, lease_ms }: ClaimParams): Promise<JobRow | null> {
    for (const [token, claim] of doubtful) {
      if (claim.worker_id !== worker_id) continue
      const { lost } = await renewLeases(db, [token], lease_ms)
      const job = lost.length === 0 ? await db.call(() => heldBy(db, token)) : null
      if (job || performance.now() - claim.since > DOUBTFUL_MS) doubtful.delete(token)
      if (job) return job
    }
    return null
  }

  async function find(params: ClaimParams): Promise<Claimed> {
    const looked = performance.now() - looked_at < LOOK_EVERY_MS
    const early = looked ? await takeSound(db, params) : null
    if (early) return claimed(early)
    looked_at = performance.now()
    const due = await promoteDue(db)
    const job = (await takeSound(db, params)) ?? (await db.call(() => heldBy(db, params.token)))
    if (job) return claimed(job)
    const next = params.queues === null ? due : await firstDue(db, params.queues)
    return { job: null, next_due_ms: next && Math.max(0, next.getTime() - db.now()) }
  }

  return {
    async claim(params) {
      const known = doubtful.size > 0 ? await leftBehind(params) : null
      if (known) return claimed(known)
      try {
        return await find(params)
      } catch (error) {
        doubtful.set(params.token, { worker_id: params.worker_id, since: performance.now() })
        throw error
      }
    },
  }
}

const claimed = (document: JobRow): Claimed => ({ job: toJob(document), next_due_ms: null })

/**
 * A command that had to wait in the server has the time of its arrival for $$NOW: the run before may have ended since then, and must
 * not look as if it had gone on.
 */
const TAKEN_AT = { $toDate: { $max: [{ $toLong: '$$NOW' }, { $toLong: '$updated_at' }] } }

/** As `take`; jobs that make no sense are taken out of the way of the others. */
async function takeSound(db: Connection, params: ClaimParams): Promise<JobRow | null> {
  for (let buried = 0; buried < BURIED_AT_ONCE; buried++) {
    const job = await take(db, params).catch((error) => buryUntaken(db, error))
    if (job === 'buried') continue
    const flaw = job && flawIn(job)
    if (job === null || flaw === null) return job
    await bury(db, { _id: job._id, lease_token: params.token }, flaw)
  }
  return null
}

/** A job could not be taken for what is stored in it. Nobody could ever take such jobs: all of them go. */
async function buryUntaken(db: Connection, error: unknown): Promise<'buried'> {
  if (!(error instanceof QueuectlError) || error.exit_code !== EXIT.config) throw error
  const unfit = [{ runs: { $not: { $type: 'number' } } }, { updated_at: { $not: { $type: 'date' } } }]
  if ((await bury(db, { ...READY, $or: unfit }, 'its stored numbers are damaged')) === 0) throw error
  return 'buried'
}

/** It was never begun. */
async function bury(db: Connection, which: Record<string, unknown>, reason: string): Promise<number> {
  const begun = { $and: [{ $eq: ['$state', 'processing'] }, { $isNumber: '$runs' }] }
  const set: Assignments = {
    state: 'dead',
    view: 'dead',
    runs: { $cond: [begun, { $subtract: ['$runs', 1] }, 0] },
    reason: literal(reason),
    started_at: null,
    finished_at: '$$NOW',
    ...UNHELD,
  }
  const { modifiedCount } = await db.call(() =>
    db.models.jobs.updateMany(which, [{ $set: set }], { updatePipeline: true }),
  )
  return modifiedCount
}

/** Takes the first ready job of the queues, or the one that the token holds already; null: none is ready. */
function take(db: Connection, { worker_id, token, queues, lease_ms }: ClaimParams): Promise<JobRow | null> {
  const set: Assignments = {
    state: 'processing',
    view: 'processing',
    runs: { $add: ['$runs', 1] },
    processing_by: literal(worker_id),
    lease_token: literal(token),
    run_token: literal(token),
    locked_at: TAKEN_AT,
    started_at: TAKEN_AT,
    updated_at: TAKEN_AT,
    lease_expires_at: { $add: ['$$NOW', lease_ms] },
    exit_code: null,
    signal: null,
    reason: null,
  }
  return db.call(async (again) => {
    try {
      const options = { sort: { priority: -1, seq: 1 }, ...AFTER } as const
      const job = await db.models.jobs.findOneAndUpdate({ ...READY, ...among(queues) }, [{ $set: set }], options).lean()
      return job ?? (again ? await heldBy(db, token) : null)
    } catch (error) {
      if (isDuplicate(error)) return heldBy(db, token)
      throw error
    }
  })
}

const AFTER = { returnDocument: 'after', updatePipeline: true, projection: JOB_PROJECTION } as const

/**
 * The job that `token` holds. A write that changes nothing: it is answered when a majority has what was written before it, which a
 * read does not wait for.
 */
function heldBy(db: Connection, token: string): Promise<JobRow | null> {
  const same = [{ $set: { lease_token: literal(token) } }]
  return db.models.jobs.findOneAndUpdate({ state: 'processing', lease_token: token }, same, AFTER).lean()
}

/** Makes jobs ready whose time has come. Returns when the first of those that go on waiting is due; null: none waits. */
async function promoteDue(db: Connection): Promise<Date | null> {
  const first = await firstDue(db, null)
  const now = new Date(db.now())
  if (!first || first > now) return first
  const due = { ...WAITING, next_run_at: { $lte: now } }
  const { jobs } = db.models
  const found = await db.call(() => jobs.find(due, { _id: 1 }).sort({ next_run_at: 1 }).limit(PROMOTED_AT_ONCE).lean())
  const ids = found.map(({ _id }) => _id)
  await db.call(() => jobs.updateMany({ _id: { $in: ids }, ...due }, { $set: { view: 'ready' } }))
  return firstDue(db, null)
}

async function firstDue(db: Connection, queues: readonly string[] | null): Promise<Date | null> {
  // What is no date comes before all that are.
  const waiting = { ...WAITING, ...among(queues), next_run_at: { $gt: EPOCH } }
  const first = await db.call(() => db.models.jobs.findOne(waiting, { next_run_at: 1 }).sort({ next_run_at: 1 }).lean())
  return first?.next_run_at ?? null
}

function among(queues: readonly string[] | null) {
  return queues === null ? {} : { queue: { $in: queues } }
}
