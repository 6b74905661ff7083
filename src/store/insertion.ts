import type { Job, NewJob } from '../domain/job.ts'
import type { Inserted } from './port.ts'

/** The job as it is right after its insert at `now` (epoch milliseconds). A time that has passed counts as now. */
export function freshJob(spec: NewJob, now: number): Job {
  const { run_at, delay_ms, ...rest } = spec
  return {
    ...rest,
    state: 'pending',
    next_run_at: Math.max(now, run_at ?? now + delay_ms),
    attempts: 0,
    runs: 0,
    interruptions: 0,
    worker_deaths: 0,
    requeues: 0,
    created_at: now,
    updated_at: now,
    processing_by: null,
    lease_token: null,
    run_token: null,
    locked_at: null,
    lease_expires_at: null,
    started_at: null,
    finished_at: null,
    exit_code: null,
    signal: null,
    reason: null,
    cancel_requested_at: null,
  }
}

/** What a taken id means for `spec` (R10): our own insert repeated, or the same content again. Null: the id is another job's. */
export function judge(stored: Job, spec: NewJob): Inserted | null {
  if (stored.content_hash !== spec.content_hash) return null
  if (stored.insert_token === spec.insert_token) return { job: stored, existing: false }
  return spec.content_hash === null ? null : { job: stored, existing: true }
}
