import { JOB_STATES, type Job, type JobState, RUN_OUTCOMES, type Run, type RunOutcome } from './job.ts'

/** A finished run, as the run history records it. */
export interface EndedRun extends Run {
  finished_at: number
  outcome: RunOutcome
  /** The state to which it set the job. */
  state: JobState
  /** Number of requeues of the job before it; null: the run is older than this field. */
  requeues: number | null
}

/** A job with its finished runs, oldest first. */
export interface JobHistory {
  /** Null: the job of these runs does not exist. */
  job: Job | null
  runs: readonly EndedRun[]
}

/** Number of finished runs of a job. */
export function endedRuns({ runs, state }: Pick<Job, 'runs' | 'state'>): number {
  return runs - (state === 'processing' ? 1 : 0)
}

/**
 * Totals over the run history of all jobs. It balances if `starts` equals the sum of outcomes, running and unrecorded.
 */
export interface RunTotals {
  jobs: Record<JobState, number>
  starts: number
  outcomes: Record<RunOutcome, number>
  /** Runs that have not finished. */
  running: number
  /** Runs that the store no longer keeps, by its own rule. */
  unrecorded: number
}

/** Empty totals, the start for `addToTotals`. */
export function emptyTotals(): RunTotals {
  return {
    jobs: zeros(JOB_STATES),
    starts: 0,
    outcomes: zeros(RUN_OUTCOMES),
    running: 0,
    unrecorded: 0,
  }
}

/** Adds the history of one job. `runs_kept`: only that many runs of a job, the last ones, are recorded; null: all. */
export function addToTotals(totals: RunTotals, { job, runs }: JobHistory, runs_kept: number | null): void {
  for (const { outcome } of runs) add(totals.outcomes, outcome)
  if (job === null) return
  add(totals.jobs, job.state)
  totals.starts += job.runs
  if (job.state === 'processing') totals.running++
  if (runs_kept !== null) totals.unrecorded += Math.max(0, endedRuns(job) - runs_kept)
}

/** Starts minus recorded outcomes; 0: the run history balances. */
export function imbalance({ starts, outcomes, running, unrecorded }: RunTotals): number {
  const accounted = Object.values(outcomes).reduce((sum, n) => sum + n, running + unrecorded)
  return starts - accounted
}

/** An edited store may contain unknown states and outcomes: the audit reports them. */
function add<Name extends string>(numbers: Record<Name, number>, name: Name): void {
  if (Object.hasOwn(numbers, name)) numbers[name]++
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
}

/** What a shared store keeps of a run's output, for readers on hosts that do not have its log. */
export interface OutputTail {
  /** Token of the run. */
  token: string
  job: string
  run: number
  /** Host that has the whole log. */
  host: string
  path: string
  /** Bytes that the run has written, including those cut from its log. */
  bytes: number
  /** The last of these bytes. */
  tail: Uint8Array
  /** Complete: the run has finished, and no more bytes follow. */
  ended: boolean
}
