import { type EndedRun, endedRuns, type JobHistory } from './history.ts'
import { isFinal, type Job, type JobState, type RunOutcome } from './job.ts'

/** What a fault in the run history means, in one word. */
export type FaultKind =
  /** A start without an outcome, or runs of a job that does not exist. */
  | 'lost'
  /** A run that is recorded twice, or two runs at the same time. */
  | 'doubled'
  /** A run after a final one, without a requeue. */
  | 'revived'
  /** Counters that differ from the recorded runs. */
  | 'miscounted'
  /** A state that does not follow from the runs. */
  | 'wrong_state'

export interface Fault {
  kind: FaultKind
  /** Null: the job does not exist. */
  job: string | null
  message: string
}

/** The states to which an outcome may set its job. */
const MAKES: Readonly<Record<RunOutcome, readonly JobState[]>> = {
  completed: ['completed'],
  failed: ['pending', 'dead', 'cancelled'],
  interrupted: ['pending', 'dead', 'cancelled'],
  released: ['pending'],
  cancelled: ['cancelled'],
}

/**
 * A run starts by the store's clock, and its length is measured by its host's clock. The two may drift apart by a
 * thousandth, and may be set right in between.
 */
const SLACK = { ms: 1_000, part: 0.001 }

/** A message names at most this many runs of a job that does not exist. */
const SHOWN = 3

type Find = (kind: FaultKind, message: string) => void

/**
 * Faults in the run history of one job; normally none. `runs_kept`: only that many runs, the last ones, are recorded;
 * null: all.
 */
export function auditHistory({ job, runs: given }: JobHistory, runs_kept: number | null): Fault[] {
  const faults: Fault[] = []
  const find: Find = (kind, message) => faults.push({ kind, job: job?.id ?? null, message })
  if (job === null) {
    find('lost', `the job of these recorded runs does not exist: ${shown(given)}`)
    return faults
  }
  const runs = [...given].sort((a, b) => a.number - b.number)
  auditNumbers(job, runs, runs_kept, find)
  auditOrder(job, runs, find)
  // The outcome of a lost run is unknown, so the job cannot be compared with it.
  if (faults.some(({ kind }) => kind === 'lost')) return faults
  auditState(job, runs, find)
  auditCounters(job, runs, find)
  return faults
}

/** Every start has exactly one outcome. */
function auditNumbers(job: Job, runs: readonly EndedRun[], kept: number | null, find: Find): void {
  const ended = endedRuns(job)
  let expected = kept === null ? 1 : Math.max(1, ended - kept + 1)
  for (const { number, token } of runs) {
    if (number > ended) {
      const what =
        number === job.runs ? 'is still running but has an outcome' : `was never started: the last run is ${job.runs}`
      find('doubled', `run ${number} ${what}`)
    } else if (number < expected) find('doubled', `run ${number} is recorded twice`)
    else if (number > expected) find('lost', withoutOutcome(expected, number - 1))
    if (token === job.run_token) find('doubled', `run ${number} has the token of the current run`)
    expected = Math.max(expected, number + 1)
  }
  if (expected <= ended) find('lost', withoutOutcome(expected, ended))
  const tokens = new Set(runs.map(({ token }) => token))
  if (tokens.size < runs.length) find('doubled', 'two of its runs have the same token')
}

/** Runs follow one another; none follows a final one, unless the job was requeued. */
function auditOrder(job: Job, runs: readonly EndedRun[], find: Find): void {
  for (const [index, run] of runs.entries()) {
    const makes = Object.hasOwn(MAKES, run.outcome) ? MAKES[run.outcome] : null
    if (makes === null) find('wrong_state', `run ${run.number} has an unknown outcome: ${run.outcome}`)
    else if (!makes.includes(run.state)) {
      find('wrong_state', `run ${run.number} ended as ${run.outcome} but set the job to ${run.state}`)
    }
    const next = runs[index + 1] ?? openRun(job)
    if (next === null) break
    const length = Math.max(0, run.finished_at - run.started_at)
    const overlap = run.finished_at - next.started_at
    if (overlap > SLACK.ms + SLACK.part * length) {
      const early = `${Math.round(overlap / 1000)} s`
      find('doubled', `run ${next.number} began ${early} before run ${run.number} finished, or the clock was set back`)
    }
    if (isFinal(run.state) && run.requeues !== null && run.requeues === next.requeues) {
      find('revived', `run ${next.number} followed run ${run.number}, which set the job to ${run.state}`)
    }
  }
}

function openRun({ state, runs, started_at, requeues }: Job) {
  return state === 'processing' && started_at !== null ? { number: runs, started_at, requeues } : null
}

/** The state follows from the last run, from a later request, or from the fact that nothing has happened yet. */
function auditState(job: Job, runs: readonly EndedRun[], find: Find): void {
  const { state } = job
  const last = runs.at(-1)
  // The result of a run before the last requeue does not determine the state; nor does a run whose requeues are
  // unknown.
  if (last !== undefined && last.requeues === null) return
  const left = last !== undefined && last.requeues === job.requeues ? last.state : 'pending'
  const by = left === 'pending' ? 'no run set that' : `run ${last?.number} set it to ${left}`
  const follows = state === left || (left === 'pending' && (state === 'processing' || state === 'cancelled'))
  // A processing job whose last run was final is already reported by `auditOrder`.
  if (!follows && state !== 'processing') {
    find(state === 'pending' ? 'revived' : 'wrong_state', `it is ${state}, but ${by}`)
  }
  if (!follows || last === undefined || last.requeues !== job.requeues) return
  const { attempts, max_retries, worker_deaths, max_interruptions } = job
  if (last.outcome === 'failed' && state === 'dead' && attempts <= max_retries) {
    find('wrong_state', `it is dead, but attempts is ${attempts} and max_retries is ${max_retries}`)
  }
  if (last.outcome === 'failed' && state === 'pending' && attempts > max_retries) {
    find('revived', `it is retried, but attempts is ${attempts} and max_retries is ${max_retries}`)
  }
  if (last.outcome === 'interrupted' && state === 'dead' && worker_deaths < max_interruptions) {
    find(
      'wrong_state',
      `it is dead, but worker_deaths is ${worker_deaths} and max_interruptions is ${max_interruptions}`,
    )
  }
}

/** The counters of the retry rule equal what the runs since the last requeue add up to. */
function auditCounters(job: Job, runs: readonly EndedRun[], find: Find): void {
  if (runs.some(({ requeues }) => requeues === null)) return
  const since = runs.filter(({ requeues }) => requeues === job.requeues)
  // Runs that are no longer recorded may belong to this period, unless a run before it still is recorded.
  const more = since.length < runs.length ? 0 : Math.max(0, endedRuns(job) - runs.length)
  const interrupted = since.filter(({ outcome }) => outcome === 'interrupted')
  const counts = {
    attempts: since.filter(({ outcome }) => outcome === 'failed').length,
    interruptions: interrupted.length,
    worker_deaths: interrupted.filter(({ cause }) => cause === 'worker died').length,
  }
  for (const [name, count] of Object.entries(counts)) {
    const counter = job[name as keyof typeof counts]
    if (counter < count || counter > count + more)
      find('miscounted', `${name} is ${counter}, but its runs add up to ${count}`)
  }
}

function withoutOutcome(first: number, last: number): string {
  return first === last
    ? `run ${first} started but has no outcome`
    : `runs ${first} to ${last} started but have no outcome`
}

function shown(runs: readonly EndedRun[]): string {
  const some = runs.slice(0, SHOWN).map(({ number, outcome, token }) => `run ${number} ${outcome} (${token})`)
  return [...some, ...(runs.length > SHOWN ? ['…'] : [])].join(', ')
}
