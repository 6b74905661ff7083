import { FINAL_STATES, isFinal, type Job, type JobState, VIEWS } from '../../domain/job.ts'
import type { Changed, JobStore, PurgeParams } from '../port.ts'
import type { Connection } from './connection.ts'
import { COLUMNS, toJob } from './rows.ts'

/** How a request changes one job: SQL for its SET clause with `:now`, or null when its state does not allow it. */
type Change = (job: Job, now: number) => { result: 'done' | 'requested'; set: string } | null

const FORGET_EMPTY = `DELETE FROM counters WHERE ${VIEWS.join(' + ')} = 0`

const cancel: Change = (job) => {
  if (isFinal(job.state)) return null
  if (job.state === 'processing') {
    return { result: 'requested', set: 'cancel_requested_at = coalesce(cancel_requested_at, :now)' }
  }
  return { result: 'done', set: `state = 'cancelled', ready = 0, finished_at = :now, reason = 'cancelled'` }
}

const requeueFrom =
  (from: readonly JobState[]): Change =>
  (job) =>
    isFinal(job.state) && from.includes(job.state)
      ? {
          result: 'done',
          set: `state = 'pending', ready = 1, next_run_at = :now, attempts = 0, interruptions = 0, worker_deaths = 0,
          requeues = requeues + 1, started_at = NULL, finished_at = NULL, exit_code = NULL, signal = NULL, reason = NULL`,
        }
      : null

const promote: Change = (job, now) =>
  job.state === 'pending' && job.next_run_at > now ? { result: 'done', set: 'ready = 1, next_run_at = :now' } : null

/** Requests of users. One transaction for all IDs, one result per ID, in the given order. */
export function changing(db: Connection): Pick<JobStore, 'cancel' | 'requeue' | 'promote' | 'purge'> {
  const apply =
    (change: Change) =>
    ({ ids }: { ids: readonly string[] }) =>
      db.write((now) => ids.map((id) => applyOne(db, change, id, now)), { durable: true })
  return {
    cancel: apply(cancel),
    requeue: ({ ids, from = FINAL_STATES }) => apply(requeueFrom(from))({ ids }),
    promote: apply(promote),
    purge: (params) => db.write((now) => purgeNow(db, params, now)),
  }
}

function applyOne(db: Connection, change: Change, id: string, now: number): Changed {
  const row = db.get(`SELECT ${COLUMNS} FROM jobs WHERE id = ?`, id)
  if (!row) return { id, result: 'not_found', job: null }
  const job = toJob(row)
  const wanted = change(job, now)
  if (!wanted) return { id, result: 'wrong_state', job }
  const { set, result } = wanted
  const changed = db.get(
    `UPDATE OR FAIL jobs SET ${set.replaceAll(':now', '?1')}, updated_at = ?1 WHERE id = ?2 RETURNING ${COLUMNS}`,
    now,
    id,
  )
  return { id, result, job: changed ? toJob(changed) : job }
}

function purgeNow(db: Connection, params: PurgeParams, now: number): { jobs: number; tokens: string[] } {
  // All finished jobs, even if the clock was set back since.
  const until = params.older_than_ms > 0 ? now - params.older_than_ms : Number.MAX_SAFE_INTEGER
  const found = params.states.filter(isFinal).flatMap((state) => ended(db, state, params, until))
  // Each state in the order of its own index; across states the jobs that finished first are removed first.
  const first = found.sort((a, b) => a.finished_at - b.finished_at).slice(0, params.limit)
  const list = JSON.stringify(first.map(({ seq }) => seq))
  const among = 'IN (SELECT value FROM json_each(?))'
  const tokens = db.all(`SELECT token FROM runs WHERE seq ${among}`, list).map((row) => String(row.token))
  db.run(`DELETE FROM runs WHERE seq ${among}`, list)
  const jobs = db.run(`DELETE FROM jobs WHERE seq ${among}`, list)
  db.run(FORGET_EMPTY)
  return { jobs, tokens }
}

function ended(db: Connection, state: JobState, { queue, limit }: PurgeParams, until: number): Ended[] {
  const of = queue === undefined ? '' : 'AND queue = ?'
  const sql = `SELECT seq, finished_at FROM jobs WHERE state = ? AND finished_at <= ? ${of} ORDER BY finished_at LIMIT ?`
  return db.all(sql, state, until, ...(queue === undefined ? [] : [queue]), limit) as unknown as Ended[]
}

type Ended = { seq: number; finished_at: number }
