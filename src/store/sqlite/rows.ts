import type { Job } from '../../domain/job.ts'
import { JOB_FIELDS, type JobField, STORED_FIELDS } from '../../domain/job-fields.ts'
import { parsed, runnableJob, type Stored, soundJob } from '../row-checks.ts'
import type { Row } from './connection.ts'

/** Columns that an insert sets; the others get their default value. */
const INSERTED = STORED_FIELDS.filter((name) => !setByDefault(JOB_FIELDS[name]))

/** Columns that contain JSON. */
const JSON_COLUMNS = STORED_FIELDS.filter((name) => JOB_FIELDS[name].kind === 'variables')

/** The columns that `toJob` needs, for SELECT and RETURNING. */
export const COLUMNS = STORED_FIELDS.join(', ')

/** For SET: clears the columns that only a processing job has. */
export const UNHOLD = `processing_by = NULL, lease_token = NULL, run_token = NULL, locked_at = NULL, lease_expires_at = NULL,
  cancel_requested_at = NULL`

export const INSERT_JOB = `
  INSERT OR FAIL INTO jobs (ready, ${INSERTED.join(', ')}) VALUES (?${', ?'.repeat(INSERTED.length)})
  ON CONFLICT (id) DO NOTHING`

/** The values for `INSERT_JOB`. */
export function insertValues(job: Job) {
  const ready = job.next_run_at <= job.created_at ? 1 : 0
  return [ready, ...INSERTED.map((name) => columnValue(job[name]))]
}

/** The job in a row of `COLUMNS`. */
export function toJob(row: Row): Job {
  return soundJob(fieldsOf(row))
}

/** The same, for a job to be run; a text says why it cannot be. */
export function toRunnable(row: Row): Job | string {
  return runnableJob(fieldsOf(row))
}

function columnValue<Value>(value: Value) {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as Exclude<Value, object>)
}

function fieldsOf(row: Row): Stored {
  const fields: Record<string, unknown> = { ...row }
  for (const name of JSON_COLUMNS) fields[name] = row[name] === null ? null : parsed(row[name])
  return fields
}

function setByDefault(field: JobField): boolean {
  return field.from === 'store' && (field.fresh === null || field.fresh === 0)
}
