import type { Job, NewJob } from '../domain/job.ts'
import { type InsertTimes, JOB_FIELDS, STORED_FIELDS, type StoreWritten, type Values } from '../domain/job-fields.ts'
import type { Inserted } from './port.ts'

/** What a new job has besides what it is enqueued with, but its times. */
const FRESH = Object.fromEntries(
  STORED_FIELDS.flatMap((name) => {
    const field = JOB_FIELDS[name]
    return field.from === 'store' && field.fresh !== 'now' ? [[name, field.fresh]] : []
  }),
) as Values<Exclude<StoreWritten, InsertTimes>>

/** The job as it is right after its insert at `now` (epoch milliseconds). A time that has passed counts as now. */
export function freshJob(spec: NewJob, now: number): Job {
  const { run_at, delay_ms, ...rest } = spec
  const next_run_at = Math.max(now, run_at ?? now + delay_ms)
  return { ...rest, ...FRESH, next_run_at, created_at: now, updated_at: now }
}

/** What a taken id means for `spec` (R10): our own insert repeated, or the same content again. Null: the id is another job's. */
export function judge(stored: Job, spec: NewJob): Inserted | null {
  if (stored.content_hash !== spec.content_hash) return null
  if (stored.insert_token === spec.insert_token) return { job: stored, existing: false }
  return spec.content_hash === null ? null : { job: stored, existing: true }
}
