import { JOB_STATES, type Job, type JobState, RUN_OUTCOMES, type Run, type RunOutcome } from './job.ts'

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

/** Runs of a job that have ended. */
export function endedRuns({ runs, state }: Pick<Job, 'runs' | 'state'>): number {
  return runs - (state === 'processing' ? 1 : 0)
}

/** The run history of all jobs in numbers. It balances when `starts` is the sum of outcomes, running and unrecorded. */
export interface RunTotals {
  jobs: Record<JobState, number>
  starts: number
  outcomes: Record<RunOutcome, number>
  /** Runs that go on. */
  running: number
  /** Runs that the store does not keep any more, by its own rule. */
  unrecorded: number
}

/** A totals of nothing, for `addToTotals` to begin with. */
export function emptyTotals(): RunTotals {
  return {
    jobs: zeros(JOB_STATES),
    starts: 0,
    outcomes: zeros(RUN_OUTCOMES),
    running: 0,
    unrecorded: 0,
  }
}

/** Counts an account in. `runs_kept`: only so many runs of a job, the last ones, stay on record. */
export function addToTotals(totals: RunTotals, { job, runs }: JobHistory, runs_kept: number | null): void {
  for (const { outcome } of runs) add(totals.outcomes, outcome)
  if (job === null) return
  add(totals.jobs, job.state)
  totals.starts += job.runs
  if (job.state === 'processing') totals.running++
  if (runs_kept !== null) totals.unrecorded += Math.max(0, endedRuns(job) - runs_kept)
}

/** Starts beyond the outcomes on record; 0: the run history balances. */
export function imbalance({ starts, outcomes, running, unrecorded }: RunTotals): number {
  const accounted = Object.values(outcomes).reduce((sum, n) => sum + n, running + unrecorded)
  return starts - accounted
}

/** An edited store may have states and outcomes that there are not: the audit names them. */
function add<Name extends string>(numbers: Record<Name, number>, name: Name): void {
  if (Object.hasOwn(numbers, name)) numbers[name]++
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
}

/** What a store that hosts share keeps of a run's output, for those who read it on another host than the log's. */
export interface OutputTail {
  /** Of the run. */
  token: string
  job: string
  run: number
  /** Where the whole log lies. */
  host: string
  path: string
  /** Bytes that the run has written, those included that its log has lost. */
  bytes: number
  /** The last of them. */
  tail: Uint8Array
  /** Nothing comes after them: the run has ended. */
  ended: boolean
}
