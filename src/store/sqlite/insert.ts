import { duplicateId } from '../../domain/errors.ts'
import type { NewJob } from '../../domain/job.ts'
import { freshJob, judge } from '../insertion.ts'
import type { Inserted, JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { COLUMNS, INSERT_JOB, insertValues, toJob } from './rows.ts'

const PROGRESS_EVERY = 1000

/** One transaction for the whole array: all jobs are stored, or none. */
export function inserting(db: Connection): Pick<JobStore, 'insert'> {
  return {
    insert: ({ jobs, skip_taken = false, on_progress }) =>
      db.write(
        (now) =>
          jobs.map((spec, index) => {
            if (index > 0 && index % PROGRESS_EVERY === 0) on_progress?.(index)
            return insertOne(db, spec, now, skip_taken)
          }),
        { durable: true },
      ),
  }
}

function insertOne(db: Connection, spec: NewJob, now: number, skipTaken: boolean): Inserted | null {
  const job = freshJob(spec, now)
  if (db.run(INSERT_JOB, ...insertValues(job)) === 1) return { job, existing: false }
  const known = judge(toJob(db.get(`SELECT ${COLUMNS} FROM jobs WHERE id = ?`, spec.id) ?? {}), spec)
  if (!known && !skipTaken) throw duplicateId(spec.id)
  return known
}
