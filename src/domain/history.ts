import type { Job, JobState, Run, RunOutcome } from './job.ts'

/** A run that has ended, as the run history has it. */
export interface EndedRun extends Run {
  finished_at: number
  outcome: RunOutcome
  /** What it made of the job. */
  state: JobState
  /** How often the job had been requeued before it; null: from before this was recorded. */
  requeues: number | null
}

/** A job with its runs that have ended, oldest first. */
export interface JobHistory {
  /** Null: these are runs of a job that is not there. */
  job: Job | null
  runs: readonly EndedRun[]
}
