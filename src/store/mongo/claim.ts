import { EXIT, QueuectlError } from '../../domain/errors.ts'
import type { Claimed, ClaimParams, JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { type Assignments, flawIn, JOB_PROJECTION, type JobRow, literal, toJob } from './documents.ts'
import { among, firstDue, promoteDue } from './due.ts'
import { isDuplicate } from './errors.ts'
import { heldBy, renewLeases } from './leases.ts'
import { UNHELD } from './schema.ts'

/** The rest by the next claims. */
const QUARANTINED_AT_ONCE = 100

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
  let failed = false
  for (let quarantined = 0; quarantined < QUARANTINED_AT_ONCE; quarantined++) {
    const job = await take(db, params, onRetry).catch(async (error) => {
      if (!(error instanceof QueuectlError) || error.exit_code !== EXIT.config) throw error
      // Another worker may have quarantined it first: what fails twice, with nothing to quarantine, fails for another reason.
      const found = await quarantineUntakable(db, params.queues)
      if (failed && !found) throw error
      failed = !found
      return 'untaken' as const
    })
    if (job === 'untaken') continue
    const flaw = job && flawIn(job)
    if (job === null || flaw === null) return job
    // By its token: an id that is no text is none to the filter.
    await quarantine(db, { state: 'processing', lease_token: params.token }, flaw)
  }
  return null
}

/**
 * The first job could not be taken for what is stored in it. Nobody could ever take it, nor what is like it among the next. Whether
 * there were any: one that is sound is left where it is, whatever the server has against it.
 */
async function quarantineUntakable(db: Connection, queues: readonly string[] | null): Promise<boolean> {
  const found = await db.call(() =>
    db.models.jobs
      .find({ ...READY, ...among(queues) }, JOB_PROJECTION)
      .sort(ORDER)
      .limit(QUARANTINED_AT_ONCE)
      .lean<JobRow[]>(),
  )
  const damaged = found.filter(isUntakable).map(({ _id }) => _id)
  if (damaged.length === 0) return false
  await quarantine(db, { _id: { $in: damaged }, ...READY }, 'its stored numbers are damaged')
  return true
}

/**
 * Whether the write of a claim fails for this job: `$add` takes numbers only, `$toLong` dates, and the server's check of jobs no end of
 * one that begins.
 */
function isUntakable(row: JobRow): boolean {
  return flawIn(row) !== null || !(row.updated_at instanceof Date) || (row.finished_at ?? null) !== null
}

/** It was never begun. */
async function quarantine(db: Connection, which: Record<string, unknown>, reason: string): Promise<void> {
  const begun = { $cond: [{ $eq: ['$state', 'processing'] }, 1, 0] }
  const set: Assignments = {
    state: 'dead',
    view: 'dead',
    runs: { $cond: [{ $isNumber: '$runs' }, { $subtract: ['$runs', begun] }, 0] },
    reason: literal(reason),
    started_at: null,
    finished_at: '$$NOW',
    ...UNHELD,
  }
  await db.call(() =>
    // As they are stored: ids that are no text would be made text.
    db.models.jobs.collection.updateMany(which, [{ $set: set }]),
  )
}

/**
 * First by priority, then by age. An index gives the filter of a claim together with this order: for all queues `order`; for some
 * `queue_order`, of which the server merges a scan for each, up to 200 (`internalQueryMaxScansToExplode` in
 * https://github.com/mongodb/mongo/blob/master/src/mongo/db/query/query_knobs.idl). For more it walks `order`, past the jobs of other
 * queues, or sorts what is ready in these, whichever is sooner done.
 */
const ORDER = { priority: -1, seq: 1 } as const

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
      const options = { sort: ORDER, ...AFTER }
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
