import type { Job, RunOutcome } from '../domain/job.ts'
import type { JobEvent } from './messages.ts'

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
