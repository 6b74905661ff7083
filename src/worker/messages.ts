import type { ClaimFilter } from '../domain/claim-filter.ts'
import type { Job, RunOutcome } from '../domain/job.ts'
import type { RunningJob } from '../domain/processes.ts'
import type { Settings } from '../domain/settings.ts'

/**
 * The setup of a worker, sent once its row is in the registry. It is sent as a message and not in the environment,
 * because the store's address may hold a password.
 */
export interface WorkerSetup {
  id: string
  address: string
  /** As of its start; changes of live settings follow by message. */
  settings: Settings
  /** As given to the supervisor at its own start. */
  concurrency: number
  filter: ClaimFilter
  /** Seconds. */
  grace: number
  lease_ms: number
  /** It polls for work after this long without a wake-up. */
  poll_ms: number
  /** The folder in which `worker start` was run. */
  cwd: string
  pass_store: boolean
}

/** From the supervisor. */
export type ToWorker =
  | { type: 'setup'; setup: WorkerSetup }
  /** All settings, which may have changed; the worker applies those that are live. */
  | { type: 'settings'; settings: Settings }
  /**
   * Sent once per heartbeat interval, whether the store answers or not; the worker answers with a pong. `beats`:
   * whether a heartbeat has reached the store since the last ping.
   */
  | { type: 'ping'; beats: boolean }
  /**
   * A heartbeat, sent to the store at `asked_at` (milliseconds of `uptime`), has renewed the leases of these runs;
   * never empty.
   */
  | { type: 'renewed'; tokens: string[]; asked_at: number }
  /** There may be new work. */
  | { type: 'wake_up' }
  /** Claim no more. Running jobs may go on for `grace_ms`, then they are ended and released. */
  | { type: 'drain'; grace_ms: number }
  /** End running jobs now, as an interruption: TERM first, or KILL at once. */
  | { type: 'end_jobs'; signal: 'SIGTERM' | 'SIGKILL' }
  | { type: 'cancel'; tokens: string[] }
  /** These runs no longer belong to this worker. */
  | { type: 'lost'; tokens: string[] }

/** What happened to a run, for the supervisor's log lines and counters. */
export interface JobEvent {
  id: string
  run: number
  token: string
  /** Set in the event `started`, else empty. */
  command: string
  worker: string
  event: 'started' | 'completed' | 'retry' | 'dead' | 'cancelled' | 'released' | 'lost'
  /** Why it ended, for people. */
  cause: string | null
  /** Milliseconds it ran. */
  run_ms: number | null
  /** Milliseconds until it is tried again. */
  retry_ms: number | null
}

/** From a worker. */
export type FromWorker =
  /**
   * It receives messages and requires its setup. `build`: its build of the program, since the file may have been
   * replaced.
   */
  | { type: 'hello'; build: string }
  /** Its store is open and it begins to claim. */
  | { type: 'ready' }
  | { type: 'pong'; jobs: RunningJob[]; idle: boolean }
  /** No job was ready: it waits for a wake-up. */
  | { type: 'idle' }
  | { type: 'job_event'; event: JobEvent }
  /**
   * It exits by itself now; without this message an exit is a death, whatever its code. `killed`: runs that the stop
   * ended; `released`: runs that it released without ending them.
   */
  | { type: 'bye'; killed: number; released: number }
  /** A problem to report to the operator; the worker goes on. */
  | { type: 'trouble'; message: string }
  /** It could not begin and exits now. */
  | { type: 'failed'; message: string; exit_code: number }
  /** The last message. */
  | { type: 'closing' }

/** The start or the end of a run, as an event. */
export type EventDetails = Pick<JobEvent, 'event'> & Partial<Pick<JobEvent, 'cause' | 'run_ms' | 'retry_ms'>>

/** Creates an event of a job's current run, for the supervisor's log and counters. */
export function jobEvent(
  job: Job,
  worker: string,
  { event, cause = null, run_ms = null, retry_ms = null }: EventDetails,
): JobEvent {
  const { id, runs: run } = job
  // A command may be 64 KiB long: it is sent once.
  const command = event === 'started' ? job.command : ''
  return { id, run, token: job.run_token ?? '', command, worker, event, cause, run_ms, retry_ms }
}

/** The name of the event for the state that was written (null: none was) and the outcome of the run. */
export function eventName(state: Job['state'] | null, outcome: RunOutcome): JobEvent['event'] {
  if (state === 'pending') return outcome === 'failed' ? 'retry' : 'released'
  return state === null || state === 'processing' ? 'lost' : state
}
