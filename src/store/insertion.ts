import type { Job, NewJob } from '../domain/job.ts'
import { type InsertTimes, JOB_FIELDS, STORED_FIELDS, type StoreWritten, type Values } from '../domain/job-fields.ts'
import type { Inserted } from './port.ts'

/** The fields of a new job besides those it is enqueued with, without its times. */
const FRESH = Object.fromEntries(
  STORED_FIELDS.flatMap((name) => {
    const field = JOB_FIELDS[name]
    return field.from === 'store' && field.fresh !== 'now' ? [[name, field.fresh]] : []
  }),
) as Values<Exclude<StoreWritten, InsertTimes>>

/** The job right after its insert at `now` (epoch milliseconds). A time in the past counts as now. */
export function freshJob(spec: NewJob, now: number): Job {
  const { run_at, delay_ms, ...rest } = spec
  const next_run_at = Math.max(now, run_at ?? now + delay_ms)
  return { ...rest, ...FRESH, next_run_at, created_at: now, updated_at: now }
}

/**
 * What an ID in use means for `spec` (R10): our own insert repeated, or the same content again. Null: the ID belongs to
 * another job.
 */
export function judge(stored: Job, spec: NewJob): Inserted | null {
  if (stored.content_hash !== spec.content_hash) return null
  if (stored.insert_token === spec.insert_token) return { job: stored, existing: false }
  return spec.content_hash === null ? null : { job: stored, existing: true }
}
