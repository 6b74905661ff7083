import { type EndedRun, endedRuns, type JobHistory } from './history.ts'
import { isFinal, type Job, type JobState, type RunOutcome } from './job.ts'

/** In one word, what a fault in the run history means. */
export type FaultKind =
  /** A start without an outcome, or a job that is not there. */
  | 'lost'
  /** A run that counts twice, or two at the same time. */
  | 'doubled'
  /** A run after a final one, without a requeue. */
  | 'revived'
  /** Counters that differ from what the runs say. */
  | 'miscounted'
  /** A state that does not follow from the runs. */
  | 'wrong_state'

export interface Fault {
  kind: FaultKind
  /** Null: of a job that is not there. */
  job: string | null
  message: string
}

/** What an outcome may make of its job. */
const MAKES: Readonly<Record<RunOutcome, readonly JobState[]>> = {
  completed: ['completed'],
  failed: ['pending', 'dead', 'cancelled'],
  interrupted: ['pending', 'dead', 'cancelled'],
  released: ['pending'],
  cancelled: ['cancelled'],
}

/**
 * A run's times are the store's clock at its start plus the length that its own host measured: two clocks, which may part by a
 * thousandth and be set right in between.
 */
const SLACK = { ms: 1_000, part: 0.001 }

/** So many runs of a job that is not there are named. */
const SHOWN = 3

type Find = (kind: FaultKind, message: string) => void

/** What is wrong with the run history of one job; nothing, as a rule. `runs_kept`: only so many runs, the last ones, stay on record. */
export function auditHistory({ job, runs: given }: JobHistory, runs_kept: number | null): Fault[] {
  const faults: Fault[] = []
  const find: Find = (kind, message) => faults.push({ kind, job: job?.id ?? null, message })
  if (job === null) {
    find('lost', `${given.length} runs are on record of a job that is not there: ${shown(given)}`)
    return faults
  }
  const runs = [...given].sort((a, b) => a.number - b.number)
  auditNumbers(job, runs, runs_kept, find)
  auditOrder(job, runs, find)
  // What a run came to that is not on record cannot be compared with the job.
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
      const what = number === job.runs ? 'goes on and has an outcome' : `was never started: there were ${job.runs}`
      find('doubled', `run ${number} ${what}`)
    } else if (number < expected) find('doubled', `run ${number} is on record twice`)
    else if (number > expected) find('lost', `${runsFromTo(expected, number - 1)} started and has no outcome`)
    if (token === job.run_token) find('doubled', `run ${number} has the token of the run that goes on`)
    expected = Math.max(expected, number + 1)
  }
  if (expected <= ended) find('lost', `${runsFromTo(expected, ended)} started and has no outcome`)
  const tokens = new Set(runs.map(({ token }) => token))
  if (tokens.size < runs.length) find('doubled', 'two of its runs have the same token')
}

/** One run after the other; none after a final one, unless it was requeued. */
function auditOrder(job: Job, runs: readonly EndedRun[], find: Find): void {
  for (const [index, run] of runs.entries()) {
    const makes = Object.hasOwn(MAKES, run.outcome) ? MAKES[run.outcome] : null
    if (makes === null) find('wrong_state', `run ${run.number} has an outcome that there is not: ${run.outcome}`)
    else if (!makes.includes(run.state)) {
      find('wrong_state', `run ${run.number} was ${run.outcome} and left the job ${run.state}`)
    }
    const next = runs[index + 1] ?? openRun(job)
    if (next === null) break
    const length = Math.max(0, run.finished_at - run.started_at)
    const overlap = run.finished_at - next.started_at
    if (overlap > SLACK.ms + SLACK.part * length) {
      const by = `by ${Math.round(overlap / 1000)} s`
      find('doubled', `run ${next.number} began before run ${run.number} had ended, ${by}, or the clock was set back`)
    }
    if (isFinal(run.state) && run.requeues !== null && run.requeues === next.requeues) {
      find('revived', `run ${next.number} followed run ${run.number}, which left the job ${run.state}`)
    }
  }
}

function openRun({ state, runs, started_at, requeues }: Job) {
  return state === 'processing' && started_at !== null ? { number: runs, started_at, requeues } : null
}

/** The state follows from the last run, from a request since, or from nothing having happened yet. */
function auditState(job: Job, runs: readonly EndedRun[], find: Find): void {
  const { state } = job
  const last = runs.at(-1)
  // What a run left before the last requeue says nothing about now; nor does one of which that is not known.
  if (last !== undefined && last.requeues === null) return
  const left = last !== undefined && last.requeues === job.requeues ? last.state : 'pending'
  const by = left === 'pending' ? 'no run made it so' : `run ${last?.number} left it ${left}`
  const follows = state === left || (left === 'pending' && (state === 'processing' || state === 'cancelled'))
  // A processing job whose last run was final has been told of in the order of its runs.
  if (!follows && state !== 'processing') {
    find(state === 'pending' ? 'revived' : 'wrong_state', `it is ${state}, yet ${by}`)
  }
  if (!follows || last === undefined || last.requeues !== job.requeues) return
  const { attempts, max_retries, worker_deaths, max_interruptions } = job
  if (last.outcome === 'failed' && state === 'dead' && attempts <= max_retries) {
    find('wrong_state', `it is dead after ${attempts} failures, with ${max_retries} retries allowed`)
  }
  if (last.outcome === 'failed' && state === 'pending' && attempts > max_retries) {
    find('revived', `it is tried again after ${attempts} failures, with ${max_retries} retries allowed`)
  }
  if (last.outcome === 'interrupted' && state === 'dead' && worker_deaths < max_interruptions) {
    find(
      'wrong_state',
      `it is dead as poison after ${worker_deaths} deaths of workers, of ${max_interruptions} allowed`,
    )
  }
}

/** What the retry rule counts is what the runs since the last requeue say. */
function auditCounters(job: Job, runs: readonly EndedRun[], find: Find): void {
  if (runs.some(({ requeues }) => requeues === null)) return
  const since = runs.filter(({ requeues }) => requeues === job.requeues)
  // Runs that are not on record any more may have been of this time, unless an earlier one still is.
  const more = since.length < runs.length ? 0 : Math.max(0, endedRuns(job) - runs.length)
  const interrupted = since.filter(({ outcome }) => outcome === 'interrupted')
  const counts = {
    attempts: since.filter(({ outcome }) => outcome === 'failed').length,
    interruptions: interrupted.length,
    worker_deaths: interrupted.filter(({ cause }) => cause === 'worker died').length,
  }
  for (const [name, count] of Object.entries(counts)) {
    const counter = job[name as keyof typeof counts]
    if (counter < count || counter > count + more) find('miscounted', `${name} is ${counter}, its runs say ${count}`)
  }
}

function runsFromTo(first: number, last: number): string {
  return first === last ? `run ${first}` : `each of the runs ${first} to ${last}`
}

function shown(runs: readonly EndedRun[]): string {
  const some = runs.slice(0, SHOWN).map(({ number, outcome, token }) => `run ${number} ${outcome} (${token})`)
  return [...some, ...(runs.length > SHOWN ? ['…'] : [])].join(', ')
}
