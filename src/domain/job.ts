import type { StoredName, StoreWritten, Values } from './job-fields.ts'

/** The states a job is stored in. `pending` with a due time in the future is shown as *scheduled* or *retrying*. */
export const JOB_STATES = ['pending', 'processing', 'completed', 'dead', 'cancelled'] as const
export type JobState = (typeof JOB_STATES)[number]

/** What `list --state` takes besides the stored states: three views of `pending`. */
export const JOB_VIEWS = ['ready', 'scheduled', 'retrying'] as const
export type JobView = (typeof JOB_VIEWS)[number]

/** States that a job does not leave by itself. */
export const FINAL_STATES = ['completed', 'dead', 'cancelled'] as const satisfies readonly JobState[]

/** The states as people see them, `pending` by its views: what jobs are counted by. */
export const VIEWS = [...JOB_VIEWS, 'processing', ...FINAL_STATES] as const
export type View = (typeof VIEWS)[number]

/** Whether `state` is one of them. */
export function isFinal(state: JobState): boolean {
  return (FINAL_STATES as readonly JobState[]).includes(state)
}

/** What runs a command: the system's own shell (`/bin/sh`, on Windows `cmd.exe`), or one that is named, which only Windows has. */
export const SHELLS = ['default', 'cmd', 'powershell'] as const
export type Shell = (typeof SHELLS)[number]

/** A job about to be stored. The policy that it takes along is its own for its whole life. */
export interface NewJob extends Omit<Job, StoreWritten> {
  /** First time the job may run, epoch milliseconds; null: `delay_ms` from the store's now. */
  run_at: number | null
  /** Milliseconds to wait from the store's now; 0: ready at once. */
  delay_ms: number
}

/** A stored job. Times are epoch milliseconds of the store's clock. */
export type Job = Values<StoredName>

/** The one outcome that every started run gets: starts = the sum of these. */
export const RUN_OUTCOMES = ['completed', 'failed', 'interrupted', 'released', 'cancelled'] as const
export type RunOutcome = (typeof RUN_OUTCOMES)[number]

/** One execution of a job. `outcome` is null while it goes on. */
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
  /** What ended the run, in words: `exit code 1`, `signal SIGKILL`, `timeout`, `worker died`, `end of grace`, … */
  cause: string | null
}

/** Sizes refused beyond (bytes of UTF-8). The kernel's own limit for one argument is 128 KiB. */
export const LIMITS = { command: 64 * 1024, env: 32 * 1024, line: 256 * 1024 } as const

/** The state as people see it: `pending` is told apart by due time and failures. `now` in epoch milliseconds. */
export function viewOf(job: Pick<Job, 'state' | 'next_run_at' | 'attempts'>, now: number): View {
  if (job.state !== 'pending') return job.state
  if (job.next_run_at <= now) return 'ready'
  return job.attempts > 0 ? 'retrying' : 'scheduled'
}
