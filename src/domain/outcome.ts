import type { Job, JobState, RunOutcome } from './job.ts'

/** What happened to a run, as observed by the worker or the reaper. The first cause wins. */
export type Outcome =
  | { kind: 'exit'; exit_code: number }
  | { kind: 'signal'; signal: string }
  | { kind: 'timeout'; exit_code: number | null; signal: string | null }
  | { kind: 'cannot_start'; message: string }
  | { kind: 'cancelled'; exit_code: number | null; signal: string | null }
  /** Released, uncounted (R6). */
  | { kind: 'released'; cause: 'end of grace' | 'stop signal' | 'not started' | 'store lost' | 'restored' }
  /** Only `worker died` counts towards poison (R6). */
  | { kind: 'interrupted'; cause: 'worker died' | 'host lost' | 'supervisor died' | 'forced' }

/** The write that ends a run: the job's next state and the run's record in the run history. */
export interface Settlement {
  state: Exclude<JobState, 'processing'>
  attempts: number
  interruptions: number
  worker_deaths: number
  /**
   * Milliseconds from the store's now until a pending job is ready again: relative, so that clocks of hosts need not
   * agree.
   */
  delay_ms: number
  run_outcome: RunOutcome
  exit_code: number | null
  signal: string | null
  /** Why the run ended; becomes the run's `cause`. */
  cause: string
  /** Why the job is in its state; null when completed. */
  reason: string | null
}

type Counted = Pick<
  Job,
  'attempts' | 'interruptions' | 'worker_deaths' | 'max_retries' | 'max_interruptions' | 'backoff_base' | 'backoff_max'
>

/** The transitions a job may make; stores and tests follow this table. */
export const TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  pending: ['processing', 'cancelled'],
  processing: ['pending', 'completed', 'dead', 'cancelled'],
  completed: ['pending'],
  dead: ['pending'],
  cancelled: ['pending'],
}

/**
 * The only retry decision, for worker and reaper: how the end of a run changes its job. Whether a cancel request has
 * arrived meanwhile is checked by the store, in the same write (R7).
 */
export function decide(job: Counted, outcome: Outcome): Settlement {
  const base = {
    attempts: job.attempts,
    interruptions: job.interruptions,
    worker_deaths: job.worker_deaths,
    delay_ms: 0,
    exit_code: 'exit_code' in outcome ? outcome.exit_code : null,
    signal: 'signal' in outcome ? outcome.signal : null,
    cause: causeOf(outcome),
  }
  switch (outcome.kind) {
    case 'exit':
      if (outcome.exit_code === 0) return { ...base, state: 'completed', run_outcome: 'completed', reason: null }
      return failed(job, base)
    case 'signal':
    case 'timeout':
    case 'cannot_start':
      return failed(job, base)
    case 'cancelled':
      return { ...base, state: 'cancelled', run_outcome: 'cancelled', reason: 'cancelled' }
    case 'released':
      return { ...base, state: 'pending', run_outcome: 'released', reason: base.cause }
    case 'interrupted':
      return interrupted(job, base, isWorkerDeath(outcome.cause))
  }
}

/**
 * Applies a cancel request to a settlement (R7): only a success overrides the request. A run that would have been
 * repeated becomes cancelled itself and counts as nothing else, so that the counters match the recorded runs.
 */
export function honourCancel(settlement: Settlement): Settlement {
  const { state, run_outcome } = settlement
  if (state === 'completed') return settlement
  const cancelled = { ...settlement, state: 'cancelled', reason: 'cancelled' } as const
  if (state !== 'pending') return cancelled
  return { ...cancelled, ...uncounted(settlement, run_outcome), run_outcome: 'cancelled' }
}

/** The counters as they were before a run with that outcome. */
function uncounted({ attempts, interruptions, worker_deaths, cause }: Settlement, outcome: RunOutcome) {
  if (outcome === 'failed') return { attempts: attempts - 1 }
  if (outcome !== 'interrupted') return {}
  return { interruptions: interruptions - 1, worker_deaths: worker_deaths - (isWorkerDeath(cause) ? 1 : 0) }
}

type Base = Omit<Settlement, 'state' | 'run_outcome' | 'reason'>

/** The only interruption that counts towards poison (R6). */
const isWorkerDeath = (cause: string) => cause === 'worker died'

function failed(job: Counted, base: Base): Settlement {
  const attempts = job.attempts + 1
  const common = { ...base, attempts, run_outcome: 'failed', reason: base.cause } as const
  if (attempts > job.max_retries) return { ...common, state: 'dead' }
  return { ...common, state: 'pending', delay_ms: backoffMs(job, attempts) }
}

function interrupted(job: Counted, base: Base, workerDied: boolean): Settlement {
  const worker_deaths = job.worker_deaths + (workerDied ? 1 : 0)
  const common = { ...base, interruptions: job.interruptions + 1, worker_deaths, run_outcome: 'interrupted' } as const
  if (workerDied && worker_deaths >= job.max_interruptions) return { ...common, state: 'dead', reason: 'poison' }
  return { ...common, state: 'pending', reason: base.cause }
}

function causeOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'exit':
      return outcome.exit_code === 0 ? 'completed' : `exit code ${outcome.exit_code}${shellHint(outcome.exit_code)}`
    case 'signal':
      return `signal ${outcome.signal}`
    case 'cannot_start':
      return `cannot start: ${outcome.message}`
    case 'released':
    case 'interrupted':
      return outcome.cause
    default:
      return outcome.kind
  }
}

/** POSIX shells return these two for a command that never ran (POSIX.1-2024, Shell Command Language 2.8.2). */
function shellHint(code: number): string {
  if (code === 126) return ' (not executable)'
  return code === 127 ? ' (command not found)' : ''
}

/**
 * Milliseconds to wait before the next run after `attempts` failures: `base ^ attempts` seconds, at most `max` seconds.
 * The power may overflow to Infinity (10 ^ 400); the cap makes it finite again.
 */
export function backoffMs(policy: { backoff_base: number; backoff_max: number }, attempts: number): number {
  return Math.round(Math.min(policy.backoff_base ** attempts, policy.backoff_max) * 1000)
}
