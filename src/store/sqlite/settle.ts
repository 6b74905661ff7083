import { isFinal, type JobState } from '../../domain/job.ts'
import { honourCancel, type Settlement } from '../../domain/outcome.ts'
import type { JobStore, SettleParams } from '../port.ts'
import { claimNow } from './claim.ts'
import type { Connection, Row } from './connection.ts'
import { UNHOLD } from './rows.ts'

const FIND =
  'SELECT seq, lease_token, run_token, runs, requeues, started_at, cancel_requested_at FROM jobs WHERE id = ?'

const FINISH = `
  UPDATE OR FAIL jobs SET state = ?, ready = ?, next_run_at = coalesce(?, next_run_at), attempts = ?, interruptions = ?, worker_deaths = ?,
    updated_at = ?, finished_at = ?, exit_code = ?, signal = ?, reason = ?, ${UNHOLD}
  WHERE seq = ?`

const BOOK = `
  INSERT INTO runs (seq, number, token, fence, worker, host, started_at, finished_at, outcome, exit_code, signal, cause, state, requeues)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

/** Settling a job and claiming the next are one transaction: 13,100 per second, against 8,800 with two. */
export function settling(db: Connection): Pick<JobStore, 'settle'> {
  return {
    settle: (params) =>
      db.write((now) => ({
        state: settleNow(db, params, now),
        next: params.next ? claimNow(db, params.next, now) : null,
      })),
  }
}

function settleNow(db: Connection, params: SettleParams, now: number): JobState | null {
  const job = db.get(FIND, params.id)
  if (!job) return null
  if (job.lease_token !== params.token) return recorded(db, job, params.token)
  const settlement = job.cancel_requested_at === null ? params.settlement : honourCancel(params.settlement)
  finish(db, job, settlement, now)
  book(db, job, params, settlement, now)
  return settlement.state
}

function finish(db: Connection, job: Row, s: Settlement, now: number): void {
  const due = s.state === 'pending' ? now + s.delay_ms : null
  const ready = due !== null && due <= now ? 1 : 0
  const ended = isFinal(s.state) ? now : null
  const counters = [s.attempts, s.interruptions, s.worker_deaths]
  db.run(FINISH, s.state, ready, due, ...counters, now, ended, s.exit_code, s.signal, s.reason, Number(job.seq))
}

function book(db: Connection, job: Row, { token, run }: SettleParams, s: Settlement, now: number): void {
  const started = Number(job.started_at)
  const ended = run.run_ms === null ? now : started + Math.round(run.run_ms)
  const key = [Number(job.seq), Number(job.runs), String(job.run_token), token]
  const end = [s.run_outcome, s.exit_code, s.signal, s.cause, s.state]
  db.run(BOOK, ...key, run.worker, run.host, started, ended, ...end, Number(job.requeues))
}

/**
 * The answer to a repeated settle: what the same token wrote before. Looked up by the fence, not by the run's token: a
 * worker that lost its job to a reaper must not take the reaper's entry for its own.
 */
function recorded(db: Connection, job: Row, fence: string): JobState | null {
  const row = db.get('SELECT state FROM runs WHERE seq = ? AND fence = ?', Number(job.seq), fence)
  return row ? (row.state as JobState) : null
}
