import type { ClaimFilter } from '../domain/claim-filter.ts'
import type { Job, RunOutcome } from '../domain/job.ts'
import type { RunningJob } from '../domain/processes.ts'
import type { Settings } from '../domain/settings.ts'

/**
 * What a worker is told once its row is in the registry. It comes by message and not by environment, because the
 * store's address may hold a password.
 */
export interface WorkerSetup {
  id: string
  address: string
  /** As they were at its start; the live ones follow by message. */
  settings: Settings
  /** As the supervisor was told at its own start. */
  concurrency: number
  filter: ClaimFilter
  /** Seconds. */
  grace: number
  lease_ms: number
  /** It looks for work after that long without a wake-up. */
  poll_ms: number
  /** Folder where `worker start` was typed. */
  cwd: string
  pass_store: boolean
}

/** From the supervisor. */
export type ToWorker =
  | { type: 'setup'; setup: WorkerSetup }
  /** All settings, which may have changed while it works; it follows those that are live. */
  | { type: 'settings'; settings: Settings }
  /**
   * Once in a beat's time, whether the store answers or not; the worker answers with a pong. `beats`: since the last ping a beat has
   * reached the store.
   */
  | { type: 'ping'; beats: boolean }
  /** A beat has renewed the leases of these runs, of which there are some; it was sent to the store at `asked_at` (milliseconds of `uptime`). */
  | { type: 'renewed'; tokens: string[]; asked_at: number }
  /** New work may be there. */
  | { type: 'wake_up' }
  /** Take no more. Running jobs may go on for `grace_ms`, then are ended and released. */
  | { type: 'drain'; grace_ms: number }
  /** End running jobs now, as an interruption: TERM first, or KILL at once. */
  | { type: 'end_jobs'; signal: 'SIGTERM' | 'SIGKILL' }
  | { type: 'cancel'; tokens: string[] }
  /** These runs are no longer this worker's. */
  | { type: 'lost'; tokens: string[] }

/** What happened to a run, for the supervisor's log lines and counters. */
export interface JobEvent {
  id: string
  run: number
  token: string
  /** Told when the run has started; empty afterwards. */
  command: string
  worker: string
  event: 'started' | 'completed' | 'retry' | 'dead' | 'cancelled' | 'released' | 'lost'
  /** What ended it, in words. */
  cause: string | null
  /** Milliseconds it ran. */
  run_ms: number | null
  /** Milliseconds until it is tried again. */
  retry_ms: number | null
}

/** From a worker. */
export type FromWorker =
  /** Listens; wants its setup. `build`: which program it is, since the file may have been replaced. */
  | { type: 'hello'; build: string }
  /** Store open, about to claim. */
  | { type: 'ready' }
  | { type: 'pong'; jobs: RunningJob[]; idle: boolean }
  /** Nothing was ready; wake me. */
  | { type: 'idle' }
  | { type: 'job_event'; event: JobEvent }
  /** Ends by itself now; `killed` and `released`: runs that the stop ended, and that it gave back without. Without it an exit is a death, whatever its code. */
  | { type: 'bye'; killed: number; released: number }
  /** Something to tell the operator; the worker goes on. */
  | { type: 'trouble'; message: string }
  /** Could not begin; ends now. */
  | { type: 'failed'; message: string; exit_code: number }
  /** Nothing comes after it. */
  | { type: 'closing' }

/** What the end of a run, or its beginning, comes to as an event. */
export type EventDetails = Pick<JobEvent, 'event'> & Partial<Pick<JobEvent, 'cause' | 'run_ms' | 'retry_ms'>>

/** An event of a job’s current run, for the supervisor's log and counters. */
export function jobEvent(
  job: Job,
  worker: string,
  { event, cause = null, run_ms = null, retry_ms = null }: EventDetails,
): JobEvent {
  const { id, runs: run } = job
  // A command may be 64 KiB long: it is told once.
  const command = event === 'started' ? job.command : ''
  return { id, run, token: job.run_token ?? '', command, worker, event, cause, run_ms, retry_ms }
}

/** What the state that was written, and what the run counts as, are called in the event. Null: nothing was written. */
export function eventName(state: Job['state'] | null, outcome: RunOutcome): JobEvent['event'] {
  if (state === 'pending') return outcome === 'failed' ? 'retry' : 'released'
  return state === null || state === 'processing' ? 'lost' : state
}
