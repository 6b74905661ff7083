import { EXIT, QueuectlError } from '../../domain/errors.ts'
import type { Claimed, ClaimParams, JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { type Assignments, flawIn, JOB_PROJECTION, type JobRow, literal, toJob } from './documents.ts'
import { among, firstDue, promoteDue } from './due.ts'
import { isDuplicate } from './errors.ts'
import { heldBy, renewLeases } from './leases.ts'
import { UNHELD } from './schema.ts'

/** The rest by the next claims. */
const BURIED_AT_ONCE = 100

const READY = { state: 'pending', view: 'ready' } as const

/** While there is ready work, due jobs may be this late: looking for them before each claim would be a second trip for each. */
const LOOK_EVERY_MS = 250

/** The same for who found no work: what is due meanwhile it knows, unless that was stored since. A little more than a poll's length. */
const IDLE_LOOK_MS = 1_200

/** So many claims are remembered, in case that one is repeated by its caller. */
const REMEMBERED = 100

/** A claim without an answer may still be on its way for so long: the deadline of a call and the driver's own patience. */
const DOUBTFUL_MS = 30_000

/** What hands jobs out. */
export interface Claiming extends Pick<JobStore, 'claim'> {
  /** The worker may hold a job by `token` without its knowing: a later claim of it looks. */
  doubt(worker_id: string, token: string): void
}

/** The part of the store that hands jobs out. */
export function claiming(db: Connection): Claiming {
  const doubtful = new Map<string, { worker_id: string; since: number }>()
  /** Tokens of the last claims. */
  const asked = new Set<string>()
  /** The last look for due jobs: when the first of those that wait is due, and whether there was nothing to be claimed either. */
  let look = { at: Number.NEGATIVE_INFINITY, due: null as Date | null, idle: false }

  const doubt = (worker_id: string, token: string) => {
    doubtful.set(token, { worker_id, since: performance.now() })
  }

  /** A job of this worker's that was claimed without its knowing: it would wait for its lease to end. */
  async function leftBehind({ worker_id, lease_ms }: ClaimParams): Promise<JobRow | null> {
    for (const [token, claim] of [...doubtful]) {
      // Another slot of the worker may ask meanwhile: the job that one of them finds is no other's.
      if (claim.worker_id !== worker_id || !doubtful.delete(token)) continue
      const job = await renewed(token, lease_ms).catch((error) => {
        doubtful.set(token, claim)
        throw error
      })
      if (job) return job
      if (performance.now() - claim.since <= DOUBTFUL_MS) doubtful.set(token, claim)
    }
    return null
  }

  /** The job that `token` holds, under a new lease. */
  async function renewed(token: string, lease_ms: number): Promise<JobRow | null> {
    const { lost } = await renewLeases(db, [token], lease_ms)
    return lost.length === 0 ? db.call(() => heldBy(db, token)) : null
  }

  /** Whether no job can have become due since the last look, as far as is known. */
  function noneDue(): boolean {
    const valid_ms = look.idle ? IDLE_LOOK_MS : LOOK_EVERY_MS
    return performance.now() - look.at < valid_ms && (look.due === null || look.due.getTime() > db.now())
  }

  /** Whether `token` was known already. */
  function remember(token: string): boolean {
    if (asked.has(token)) return true
    asked.add(token)
    if (asked.size > REMEMBERED) asked.delete(asked.values().next().value ?? '')
    return false
  }

  async function find(params: ClaimParams): Promise<Claimed> {
    const { worker_id, token, queues } = params
    // An earlier try may hold a job, or take one yet.
    let uncertain = remember(token)
    const takeOne = () => takeSound(db, params, () => (uncertain = true))
    const early = noneDue()
    let job = early ? await takeOne() : null
    if (job === null) {
      const at = performance.now()
      const { due, promoted } = await promoteDue(db)
      if (promoted || !early) job = await takeOne()
      look = { ...look, at, due }
    }
    if (job === null && uncertain) {
      job = await db.call(() => heldBy(db, token))
      if (job === null) doubt(worker_id, token)
    }
    look.idle = job === null
    if (job) return claimed(job)
    const next = queues === null ? look.due : await firstDue(db, queues)
    return { job: null, next_due_ms: next && Math.max(0, next.getTime() - db.now()) }
  }

  return {
    async claim(params) {
      const known = doubtful.size > 0 ? await leftBehind(params) : null
      if (known) return claimed(known)
      try {
        return await find(params)
      } catch (error) {
        doubt(params.worker_id, params.token)
        throw error
      }
    },
    doubt,
  }
}

const claimed = (document: JobRow): Claimed => ({ job: toJob(document), next_due_ms: null })

/**
 * A command that had to wait in the server has the time of its arrival for $$NOW: the run before may have ended since then, and must
 * not look as if it had gone on.
 */
const TAKEN_AT = { $toDate: { $max: [{ $toLong: '$$NOW' }, { $toLong: '$updated_at' }] } }

/** As `take`; jobs that make no sense are taken out of the way of the others. */
async function takeSound(db: Connection, params: ClaimParams, onRetry: () => void): Promise<JobRow | null> {
  for (let buried = 0; buried < BURIED_AT_ONCE; buried++) {
    const job = await take(db, params, onRetry).catch((error) => buryUntaken(db, error))
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

/**
 * Takes the first ready job of the queues, or the one that the token holds already; null: none is ready. `onRetry` is called when that
 * was asked for more than once.
 */
function take(db: Connection, params: ClaimParams, onRetry: () => void): Promise<JobRow | null> {
  const { worker_id, token, queues, lease_ms } = params
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
      if (job || !again) return job
      onRetry()
      return await heldBy(db, token)
    } catch (error) {
      if (isDuplicate(error)) return heldBy(db, token)
      throw error
    }
  })
}

const AFTER = { returnDocument: 'after', updatePipeline: true, projection: JOB_PROJECTION } as const
