import type { Job } from '../../domain/job.ts'
import { parsed, runnableJob, soundJob } from '../row-checks.ts'
import type { Row } from './connection.ts'

/** Columns that an insert sets; the others have their value by default. */
const INSERTED = [
  'id',
  'command',
  'shell',
  'queue',
  'priority',
  'max_retries',
  'max_interruptions',
  'backoff_base',
  'backoff_max',
  'timeout',
  'cwd',
  'env',
  'origin_cwd',
  'origin_host',
  'insert_token',
  'content_hash',
  'state',
  'next_run_at',
  'created_at',
  'updated_at',
] as const satisfies (keyof Job)[]

const LATER = [
  'attempts',
  'runs',
  'interruptions',
  'worker_deaths',
  'requeues',
  'processing_by',
  'lease_token',
  'run_token',
  'locked_at',
  'lease_expires_at',
  'started_at',
  'finished_at',
  'exit_code',
  'signal',
  'reason',
  'cancel_requested_at',
] as const satisfies (keyof Job)[]

/** What `toJob` needs, for SELECT and RETURNING. */
export const COLUMNS = [...INSERTED, ...LATER].join(', ')

/** For SET: what only a processing job has. */
export const UNHOLD = `processing_by = NULL, lease_token = NULL, run_token = NULL, locked_at = NULL, lease_expires_at = NULL,
  cancel_requested_at = NULL`

export const INSERT_JOB = `
  INSERT OR FAIL INTO jobs (ready, ${INSERTED.join(', ')}) VALUES (?${', ?'.repeat(INSERTED.length)})
  ON CONFLICT (id) DO NOTHING`

/** Values of `INSERT_JOB`. */
export function insertValues(job: Job) {
  const ready = job.next_run_at <= job.created_at ? 1 : 0
  return [ready, ...INSERTED.map((name) => (name === 'env' ? job.env && JSON.stringify(job.env) : job[name]))]
}

/** The job in a row of `COLUMNS`. */
export function toJob(row: Row): Job {
  return soundJob({ ...row, env: envOf(row) })
}

/** The same, for it to be run; in words, what keeps it from that. */
export function toRunnable(row: Row): Job | string {
  return runnableJob({ ...row, env: envOf(row) })
}

function envOf({ env }: Row): unknown {
  return env === null ? null : parsed(env)
}
