import { admitsAll, type ClaimFilter } from '../../domain/claim-filter.ts'
import { EXIT, QueuectlError } from '../../domain/errors.ts'
import type { Claimed, ClaimParams, JobStore } from '../port.ts'
import { admitted } from './admitted.ts'
import type { Connection } from './connection.ts'
import { type Assignments, flawIn, JOB_PROJECTION, type JobRow, literal, toJob } from './documents.ts'
import { firstDue, promoteDue } from './due.ts'
import { isDuplicate } from './errors.ts'
import { heldBy, renewLeases } from './leases.ts'
import { UNHELD } from './schema.ts'

/** Damaged jobs quarantined by one claim; later claims handle the rest. */
const QUARANTINED_AT_ONCE = 100

const READY = { state: 'pending', view: 'ready' } as const

/**
 * While ready work exists, a due job may be promoted this late: checking before each claim would double the round
 * trips.
 */
const DUE_CHECK_EVERY_MS = 250

/**
 * The same after a claim that found no work: it knows the next due time, unless an earlier one was stored since.
 * Slightly longer than the poll interval.
 */
const IDLE_DUE_CHECK_EVERY_MS = 1_200

/** Claims that are remembered, to recognize one that its caller repeats. */
const REMEMBERED = 100

/** How long a claim without an answer may still take effect: the deadline of a call plus the driver's own time-out. */
const DOUBTFUL_MS = 30_000

/** The claims of a store. */
export interface Claiming extends Pick<JobStore, 'claim'> {
  /** Notes that the worker may hold a job by `token` without knowing it: its next claims check that. */
  doubt(worker_id: string, token: string): void
}

/** The part of the store that claims jobs. */
export function claiming(db: Connection): Claiming {
  const doubtful = new Map<string, { worker_id: string; since: number }>()
  /** Tokens of the last claims. */
  const seen = new Set<string>()
  /** The last check for due jobs: when the first waiting job is due, and whether the claim found no work. */
  let check = { at: Number.NEGATIVE_INFINITY, due: null as Date | null, idle: false }

  const doubt = (worker_id: string, token: string) => {
    doubtful.set(token, { worker_id, since: performance.now() })
  }

  /** A job that this worker claimed without knowing it. Without this it would not run until its lease expired. */
  async function unansweredClaim({ worker_id, lease_ms }: ClaimParams): Promise<JobRow | null> {
    for (const [token, claim] of [...doubtful]) {
      // Another slot of the worker may check at the same time: only one of them may get the job.
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

  /** Whether, as far as is known, no job became due since the last check. */
  function noneDue(): boolean {
    const valid_ms = check.idle ? IDLE_DUE_CHECK_EVERY_MS : DUE_CHECK_EVERY_MS
    return performance.now() - check.at < valid_ms && (check.due === null || check.due.getTime() > db.now())
  }

  /** Remembers `token`. Returns whether it was known already. */
  function remember(token: string): boolean {
    if (seen.has(token)) return true
    seen.add(token)
    if (seen.size > REMEMBERED) seen.delete(seen.values().next().value ?? '')
    return false
  }

  async function find(params: ClaimParams): Promise<Claimed> {
    const { worker_id, token, filter } = params
    // An earlier try may hold a job, or may still claim one.
    let uncertain = remember(token)
    const claimOne = () => claimSound(db, params, () => (uncertain = true))
    const early = noneDue()
    let job = early ? await claimOne() : null
    if (job === null) {
      const at = performance.now()
      const { due, promoted } = await promoteDue(db)
      if (promoted || !early) job = await claimOne()
      check = { ...check, at, due }
    }
    if (job === null && uncertain) {
      job = await db.call(() => heldBy(db, token))
      if (job === null) doubt(worker_id, token)
    }
    check.idle = job === null
    if (job) return claimed(job)
    const next = admitsAll(filter) ? check.due : await firstDue(db, filter)
    return { job: null, next_due_ms: next && Math.max(0, next.getTime() - db.now()) }
  }

  return {
    async claim(params) {
      const known = doubtful.size > 0 ? await unansweredClaim(params) : null
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
 * $$NOW is the time when the command arrived, even if it had to wait in the server. The previous run may have finished
 * since then, and the new one must not start before that.
 */
const CLAIMED_AT = { $toDate: { $max: [{ $toLong: '$$NOW' }, { $toLong: '$updated_at' }] } }

/** Like `claimFirst`, but quarantines damaged jobs, so that they do not block the others. */
async function claimSound(db: Connection, params: ClaimParams, onRetry: () => void): Promise<JobRow | null> {
  let failed = false
  for (let quarantined = 0; quarantined < QUARANTINED_AT_ONCE; quarantined++) {
    const job = await claimFirst(db, params, onRetry).catch(async (error) => {
      if (!(error instanceof QueuectlError) || error.exit_code !== EXIT.config) throw error
      // Another worker may have quarantined the job first. A claim that fails twice with nothing to quarantine has
      // another cause.
      const found = await quarantineUnclaimable(db, params.filter)
      if (failed && !found) throw error
      failed = !found
      return 'unclaimed' as const
    })
    if (job === 'unclaimed') continue
    const flaw = job && flawIn(job)
    if (job === null || flaw === null) return job
    // By its token: a filter cannot match an id that is not text.
    await quarantine(db, { state: 'processing', lease_token: params.token }, flaw)
  }
  return null
}

/**
 * Quarantines damaged jobs among the next ready ones, after the first could not be claimed because of its stored
 * values: no worker could ever claim such a job. Returns whether it found any. A sound job stays ready, whatever error
 * the server gave for it.
 */
async function quarantineUnclaimable(db: Connection, filter: ClaimFilter): Promise<boolean> {
  const which = { ...READY, ...(await admitted(db, filter, [READY.view])) }
  const found = await db.call(() =>
    db.models.jobs.find(which, JOB_PROJECTION).sort(ORDER).limit(QUARANTINED_AT_ONCE).lean<JobRow[]>(),
  )
  const damaged = found.filter(isUnclaimable).map(({ _id }) => _id)
  if (damaged.length === 0) return false
  await quarantine(db, { _id: { $in: damaged }, ...READY }, 'its stored numbers are damaged')
  return true
}

/**
 * Whether the write of a claim fails for this job: `$add` needs a number, `$toLong` needs a date, and the validator
 * refuses a processing job with a `finished_at`.
 */
function isUnclaimable(row: JobRow): boolean {
  return flawIn(row) !== null || !(row.updated_at instanceof Date) || (row.finished_at ?? null) !== null
}

/** Makes jobs `dead` with `reason`. Their run never started, so that the count of runs is restored. */
async function quarantine(db: Connection, which: Record<string, unknown>, reason: string): Promise<void> {
  const claimed_runs = { $cond: [{ $eq: ['$state', 'processing'] }, 1, 0] }
  const set: Assignments = {
    state: 'dead',
    view: 'dead',
    runs: { $cond: [{ $isNumber: '$runs' }, { $subtract: ['$runs', claimed_runs] }, 0] },
    reason: literal(reason),
    started_at: null,
    finished_at: '$$NOW',
    ...UNHELD,
  }
  await db.call(() =>
    // Past mongoose, which would convert ids that are not text.
    db.models.jobs.collection.updateMany(which, [{ $set: set }]),
  )
}

/**
 * By priority, then by age. One index serves both the filter of a claim and this order: `order` for all queues;
 * `queue_order` for some queues, where the server merges one scan for each, up to 200 (`internalQueryMaxScansToExplode`
 * in https://github.com/mongodb/mongo/blob/master/src/mongo/db/query/query_knobs.idl). For more it scans `order`, past
 * the jobs of other queues, or sorts the ready jobs of these, whichever is faster.
 */
const ORDER = { priority: -1, seq: 1 } as const

/**
 * Claims the first ready job that the filter admits, or returns the one that the token already holds; null: none is
 * ready. Calls `onRetry` when the write was repeated and found nothing.
 */
async function claimFirst(db: Connection, params: ClaimParams, onRetry: () => void): Promise<JobRow | null> {
  const { worker_id, token, filter, lease_ms } = params
  const which = { ...READY, ...(await admitted(db, filter, [READY.view])) }
  const set: Assignments = {
    state: 'processing',
    view: 'processing',
    runs: { $add: ['$runs', 1] },
    processing_by: literal(worker_id),
    lease_token: literal(token),
    run_token: literal(token),
    locked_at: CLAIMED_AT,
    started_at: CLAIMED_AT,
    updated_at: CLAIMED_AT,
    lease_expires_at: { $add: ['$$NOW', lease_ms] },
    exit_code: null,
    signal: null,
    reason: null,
  }
  return db.call(async (again) => {
    try {
      const options = { sort: ORDER, ...AFTER }
      const job = await db.models.jobs.findOneAndUpdate(which, [{ $set: set }], options).lean()
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
