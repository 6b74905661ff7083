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

/** What a caller decides about a job when it is enqueued; a job keeps this policy for its whole life. */
export interface JobSpec {
  id: string
  command: string
  shell: Shell
  queue: string
  /** Higher runs first. */
  priority: number
  /** Failures after which the job is tried again; one failure more and it is dead. */
  max_retries: number
  /** Worker deaths under this job before it is dead with reason `poison`. */
  max_interruptions: number
  /** Delay before a retry is `backoff_base ^ attempts` seconds, at most `backoff_max`. */
  backoff_base: number
  /** Seconds. */
  backoff_max: number
  /** Seconds a run may take; null for no limit. */
  timeout: number | null
  /** Folder to run in, as the caller gave it; null: see `origin_cwd`. */
  cwd: string | null
  /** Variables of the job's own, on top of its supervisor's environment. */
  env: Readonly<Record<string, string>> | null
}

/** A job about to be stored. */
export interface NewJob extends JobSpec {
  /** First time the job may run, epoch milliseconds; null: `delay_ms` from the store's now. */
  run_at: number | null
  /** Milliseconds to wait from the store's now; 0: ready at once. */
  delay_ms: number
  /** Folder in which `enqueue` was typed; used when `cwd` is null and the run is on the same host. */
  origin_cwd: string | null
  origin_host: string | null
  /** Made by the caller: tells its own repeated insert from a stranger's (R10). */
  insert_token: string
  /** Digest of what the caller asked for, or null when the id was made up: equal digests mean "the same job again" (R10). */
  content_hash: string | null
}

/** A stored job. Times are epoch milliseconds of the store's clock. */
export interface Job extends Omit<NewJob, 'run_at' | 'delay_ms'> {
  state: JobState
  /** A pending job is not run before this time. */
  next_run_at: number
  /** Runs that failed since the job was enqueued or requeued: what the retry rule counts. */
  attempts: number
  /** Runs started, ever: the number of the last run. */
  runs: number
  /** Runs ended by the death of a worker or host or by force, since enqueue or requeue. */
  interruptions: number
  /** Those of them in which a worker died under a live supervisor: what the poison rule counts (R6). */
  worker_deaths: number
  /** How often it was requeued. */
  requeues: number
  created_at: number
  updated_at: number
  /** Worker (or, during recovery, supervisor) that holds the job. */
  processing_by: string | null
  /** Fence: every write of a run is conditional on it. */
  lease_token: string | null
  /** Token of the current run: its name on disk and in the environment of its processes. Outlives a change of fence. */
  run_token: string | null
  locked_at: number | null
  lease_expires_at: number | null
  started_at: number | null
  finished_at: number | null
  exit_code: number | null
  signal: string | null
  /** Why the job is where it is: `exit code 2`, `timeout`, `poison`, … */
  reason: string | null
  cancel_requested_at: number | null
}

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
