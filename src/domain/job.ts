import type { StoredName, StoreWritten, Values } from './job-fields.ts'

/** The stored states of a job. `pending` with a due time in the future is shown as *scheduled* or *retrying*. */
export const JOB_STATES = ['pending', 'processing', 'completed', 'dead', 'cancelled'] as const
export type JobState = (typeof JOB_STATES)[number]

/** What `list --state` accepts besides the stored states: three views of `pending`. */
export const JOB_VIEWS = ['ready', 'scheduled', 'retrying'] as const
export type JobView = (typeof JOB_VIEWS)[number]

/** States that a job does not leave by itself. */
export const FINAL_STATES = ['completed', 'dead', 'cancelled'] as const satisfies readonly JobState[]

/** The states as people see them, with `pending` split into its views: jobs are counted by these. */
export const VIEWS = [...JOB_VIEWS, 'processing', ...FINAL_STATES] as const
export type View = (typeof VIEWS)[number]

/** Whether `state` is final. */
export function isFinal(state: JobState): boolean {
  return (FINAL_STATES as readonly JobState[]).includes(state)
}

/**
 * The shells that run a command: the system's default (`/bin/sh`, on Windows `cmd.exe`), or a named one, which only
 * Windows has.
 */
export const SHELLS = ['default', 'cmd', 'powershell'] as const
export type Shell = (typeof SHELLS)[number]

/** A job about to be stored. Its policy is fixed for its whole life. */
export interface NewJob extends Omit<Job, StoreWritten> {
  /** Earliest time the job may run, epoch milliseconds; null: now plus `delay_ms`, by the store's clock. */
  run_at: number | null
  /** Milliseconds to wait from now, by the store's clock; 0: ready at once. */
  delay_ms: number
}

/** A stored job. Times are epoch milliseconds of the store's clock. */
export type Job = Values<StoredName>

/** Every started run gets exactly one of these outcomes: their sum equals the starts. */
export const RUN_OUTCOMES = ['completed', 'failed', 'interrupted', 'released', 'cancelled'] as const
export type RunOutcome = (typeof RUN_OUTCOMES)[number]

/** One execution of a job. `outcome` is null while it runs. */
export interface Run {
  number: number
  token: string
  worker: string
  host: string
  started_at: number
  finished_at: number | null
  outcome: RunOutcome | null
  exit_code: number | null
  signal: string | null
  /** What ended the run: `exit code 1`, `signal SIGKILL`, `timeout`, `worker died`, `end of grace`, … */
  cause: string | null
}

/** Largest sizes accepted (bytes of UTF-8). The kernel's own limit for one argument is 128 KiB. */
export const LIMITS = { command: 64 * 1024, env: 32 * 1024, line: 256 * 1024 } as const

/** The state as people see it: `pending` is split by due time and failures. `now` in epoch milliseconds. */
export function viewOf(job: Pick<Job, 'state' | 'next_run_at' | 'attempts'>, now: number): View {
  if (job.state !== 'pending') return job.state
  if (job.next_run_at <= now) return 'ready'
  return job.attempts > 0 ? 'retrying' : 'scheduled'
}
