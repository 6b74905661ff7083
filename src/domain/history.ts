import type { Job, JobState, Run, RunOutcome } from './job.ts'

/** A run that has ended, as the books have it. */
export interface Entry extends Run {
  finished_at: number
  outcome: RunOutcome
  /** What it made of the job. */
  state: JobState
  /** How often the job had been requeued before it; null: from before this was recorded. */
  requeues: number | null
}

/** A job with its runs that have ended, oldest first. */
export interface Account {
  /** Null: these are runs of a job that is not there. */
  job: Job | null
  entries: readonly Entry[]
}
