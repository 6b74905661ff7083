import { admits, admitsAll, type ClaimFilter, namedQueues } from '../../domain/claim-filter.ts'
import { misconfigured } from '../../domain/errors.ts'
import type { Job } from '../../domain/job.ts'
import type { Claimed, ClaimParams, JobStore } from '../port.ts'
import type { Connection, Row } from './connection.ts'
import { DOCTOR, isRefused } from './errors.ts'
import { COLUMNS, toJob, toRunnable, UNHOLD } from './rows.ts'

/** This many in one transaction hold the lock for 13 ms (measured); 100,000 would hold it for more than a second. */
const PROMOTED_AT_ONCE = 1000

/** The next claims handle the rest. */
const QUARANTINED_AT_ONCE = 100

const PROMOTE = `
  UPDATE OR FAIL jobs SET ready = 1 WHERE seq IN (
    SELECT seq FROM jobs WHERE state = 'pending' AND ready = 0 AND next_run_at <= ? ORDER BY next_run_at LIMIT ${PROMOTED_AT_ONCE})`

const FIRST = {
  due: `SELECT next_run_at FROM jobs WHERE state = 'pending' AND ready = 0 ORDER BY next_run_at LIMIT 1`,
  due_of: `SELECT next_run_at FROM jobs WHERE state = 'pending' AND ready = 0 AND queue = ? ORDER BY next_run_at LIMIT 1`,
  ready: 'SELECT seq, priority FROM jobs WHERE ready = 1 ORDER BY priority DESC, seq LIMIT 1',
  ready_of: 'SELECT seq, priority FROM jobs WHERE ready = 1 AND queue = ? ORDER BY priority DESC, seq LIMIT 1',
}

/** This many are read in order before each queue is searched for its first. */
const NEAR = 16

/** As `FIRST`, with the jobs next to it. */
const NEAREST = {
  due: `SELECT queue, next_run_at FROM jobs WHERE state = 'pending' AND ready = 0 ORDER BY next_run_at LIMIT ${NEAR}`,
  ready: `SELECT queue, seq, priority FROM jobs WHERE ready = 1 ORDER BY priority DESC, seq LIMIT ${NEAR}`,
}

/**
 * The first job of the next queue by name: one seek, however many jobs wait in the queue before it. `likely` keeps
 * SQLite away from the index that begins with `ready`, with which it would sort all waiting jobs.
 */
const NEXT_QUEUE = {
  due: `
    SELECT queue, next_run_at FROM jobs WHERE state = 'pending' AND likely(ready = 0) AND queue > ? ORDER BY queue, next_run_at LIMIT 1`,
  ready: `
    SELECT queue, seq, priority FROM jobs WHERE ready = 1 AND queue > ? ORDER BY queue, priority DESC, seq LIMIT 1`,
}

const TAKE = `
  UPDATE OR FAIL jobs SET state = 'processing', ready = 0, runs = runs + 1, processing_by = ?, lease_token = ?, run_token = ?,
    locked_at = ?, started_at = ?, updated_at = ?, lease_expires_at = ?, exit_code = NULL, signal = NULL, reason = NULL
  WHERE seq = ? RETURNING ${COLUMNS}`

/** An invalid job is quarantined, so that the others go on; it was never started. */
const QUARANTINE = `
  UPDATE OR FAIL jobs SET state = 'dead', ready = 0, runs = runs - (state = 'processing'), finished_at = ?, reason = ?, started_at = NULL, ${UNHOLD}
  WHERE seq = ?`

const HELD = `SELECT ${COLUMNS} FROM jobs WHERE state = 'processing' AND lease_token = ?`

/** The part of the store that claims jobs. */
export function claiming(db: Connection): Pick<JobStore, 'claim'> {
  return {
    async claim(params) {
      // Idle workers check without the lock, so that they never block a writer.
      const idle = await db.read((now) => (hasWork(db, params, now) ? null : nothing(db, params.filter, now)))
      return idle ?? db.write((now) => claimNow(db, params, now))
    },
  }
}

/** The claim itself, inside a write. A token that already holds a job gets that job again (its answer was lost). */
export function claimNow(db: Connection, params: ClaimParams, now: number): Claimed {
  const held = db.get(HELD, params.token)
  if (held) return { job: toJob(held), next_due_ms: null }
  if (firstDue(db) <= now) db.run(PROMOTE, now)
  const { worker_id, token, lease_ms } = params
  for (let quarantined = 0; quarantined < QUARANTINED_AT_ONCE; quarantined++) {
    const first = firstReady(db, params.filter)
    if (!first) return nothing(db, params.filter, now)
    const seq = Number(first.seq)
    const claimed = take(db, worker_id, token, token, now, now, now, now + lease_ms, seq)
    if (typeof claimed !== 'string') return { job: claimed, next_due_ms: null }
    if (db.run(QUARANTINE, now, claimed, seq) === 0)
      throw misconfigured(`${db.path} contains a job that cannot be claimed`, DOCTOR)
  }
  return { job: null, next_due_ms: 0 }
}

/** The job claimed by `TAKE` with these values, or the reason why it cannot be run. */
function take(db: Connection, ...values: (string | number)[]): Job | string {
  let row: Row | undefined
  try {
    row = db.get(TAKE, ...values)
  } catch (error) {
    if (!isRefused(error)) throw error
    return 'its stored numbers are damaged'
  }
  return row ? toRunnable(row) : 'its row does not match the index'
}

function hasWork(db: Connection, params: ClaimParams, now: number): boolean {
  return firstReady(db, params.filter) !== undefined || firstDue(db) <= now || db.get(HELD, params.token) !== undefined
}

function nothing(db: Connection, filter: ClaimFilter, now: number): Claimed {
  const due = Math.min(...firsts(db, filter, 'due').map((row) => Number(row.next_run_at)))
  return { job: null, next_due_ms: due === Number.POSITIVE_INFINITY ? null : Math.max(0, due - now) }
}

/** Infinity: no job waits. */
function firstDue(db: Connection): number {
  const row = db.get(FIRST.due)
  return row ? Number(row.next_run_at) : Number.POSITIVE_INFINITY
}

function firstReady(db: Connection, filter: ClaimFilter): Row | undefined {
  return firsts(db, filter, 'ready').sort(
    (a, b) => Number(b.priority) - Number(a.priority) || Number(a.seq) - Number(b.seq),
  )[0]
}

/**
 * Jobs that include the first one that the filter admits. For several queues this is the first of each, one seek per
 * queue: `queue IN (…)` would sort all ready jobs, and `queue NOT IN (…)` would walk past all waiting jobs of those
 * queues.
 */
function firsts(db: Connection, filter: ClaimFilter, which: 'due' | 'ready'): Row[] {
  if (admitsAll(filter)) return listed(db.get(FIRST[which]))
  const queues = namedQueues(filter)
  if (queues !== null) return queues.flatMap((queue) => listed(db.get(FIRST[`${which}_of`], queue)))
  const isAdmitted = (row: Row) => admits(filter, String(row.queue))
  const nearest = db.all(NEAREST[which])
  const first = nearest.find(isAdmitted)
  if (first || nearest.length < NEAR) return listed(first)
  return firstOfEach(db, NEXT_QUEUE[which]).filter(isAdmitted)
}

const listed = (row: Row | undefined) => (row ? [row] : [])

/** The first row of each queue that has one. */
function firstOfEach(db: Connection, next_queue: string): Row[] {
  const rows: Row[] = []
  for (let row = db.get(next_queue, ''); row; row = db.get(next_queue, String(row.queue))) rows.push(row)
  return rows
}
