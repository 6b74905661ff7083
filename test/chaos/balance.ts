import type { Job, Run } from '../../src/domain/job.ts'
import { type Deaths, deathsOf, type Explanation, explain, timeToNote } from './explain.ts'
import { factsOf, type LedgerFacts, type LedgerRun } from './facts.ts'
import type { Kill } from './killer.ts'
import { type Kind, kindOf } from './kinds.ts'
import type { Ledger } from './ledger.ts'
import type { PlannedJob } from './plan.ts'

/**
 * The most seconds from a command's end to its journal entry: 2 s for the rest of its session, twice that on a busy
 * machine, and spare.
 */
const END_TO_JOURNAL_S = 5

/** A job and its runs, from the store. */
export interface Recorded {
  job: Job
  runs: readonly Run[]
}

export interface BalanceParams {
  jobs: readonly PlannedJob[]
  accepted: ReadonlySet<string>
  ledger: Ledger
  records: ReadonlyMap<string, Recorded>
  /** How many runs of a job the store keeps; null: all. */
  runs_kept: number | null
  kills: readonly Kill[]
  supervisor_of: ReadonlyMap<string, string>
}

/** The number of runs with one outcome, cause and explanation. */
export interface OutcomeCount {
  outcome: string
  cause: string
  why: string
  runs: number
  /** Those of them that never wrote their first line. */
  unseen: number
  /** Those of them that were not their job's last. */
  repeated: number
}

/** The result of checking the run history of a chaos run. */
export interface Balance {
  accepted: number
  states: Record<string, number>
  /** Jobs that have at least one run. */
  ran: number
  /** Recorded runs. */
  runs: number
  /** Lines `start` in the ledger. */
  starts: number
  torn: number
  /** Runs that the store no longer keeps, because their jobs had too many. */
  forgotten: number
  accounts: OutcomeCount[]
  lost: string[]
  overlaps: string[]
  wrong: string[]
  /** Entries that nothing explains, or that contradict one another. */
  unbalanced: string[]
  /**
   * Successes that ran again because no worker lived to record the first: the seconds from the command's end to the
   * kill of the worker; negative if the kill came first.
   */
  successes_repeated: number[]
  /** Seconds from a kill to the next start of the job, by what explains it. */
  recoveries: { why: string; seconds: number }[]
}

/** Checks the ledger against the store: first the ledger by itself, then whether the store agrees. */
export function balance(params: BalanceParams): Balance {
  const { jobs, ledger, accepted, records } = params
  const facts = factsOf(ledger)
  const deaths = deathsOf(params.kills, facts.runs.values(), params.supervisor_of)
  const result: Balance = {
    accepted: accepted.size,
    states: {},
    ran: 0,
    runs: 0,
    starts: facts.runs.size,
    torn: ledger.torn,
    forgotten: 0,
    accounts: [],
    lost: [],
    overlaps: facts.overlaps,
    wrong: [],
    unbalanced: facts.problems,
    successes_repeated: [],
    recoveries: [],
  }
  const forgotten = (job: Job | undefined) =>
    Math.max(0, (job?.runs ?? 0) - (params.runs_kept ?? Number.POSITIVE_INFINITY))
  for (const planned of jobs) {
    if (!accepted.has(planned.id)) continue
    const record = records.get(planned.id)
    new JobBalance(result, planned, facts, deaths).take(record, forgotten(record?.job))
  }
  const on_record = new Set([...records.values()].flatMap(({ runs }) => runs.map(({ token }) => token)))
  for (const { token, job, run } of facts.runs.values()) {
    if (!on_record.has(token) && run > forgotten(records.get(job)?.job))
      result.unbalanced.push(`job ${job}: run ${run} began and is not recorded (${token})`)
  }
  return result
}

/** The run history of one job. */
class JobBalance {
  readonly #balance: Balance
  readonly #id: string
  readonly #kind: Kind
  readonly #facts: LedgerFacts
  readonly #deaths: Deaths

  constructor(result: Balance, { id, kind }: PlannedJob, facts: LedgerFacts, deaths: Deaths) {
    this.#balance = result
    this.#id = id
    this.#kind = kindOf(kind)
    this.#facts = facts
    this.#deaths = deaths
  }

  /** `forgotten`: how many of its first runs the store no longer keeps. */
  take(record: Recorded | undefined, forgotten: number): void {
    if (record === undefined) {
      this.#report('lost', 'it is not in the store')
      return
    }
    const { job, runs } = record
    this.#balance.states[job.state] = (this.#balance.states[job.state] ?? 0) + 1
    if (job.state === 'pending' || job.state === 'processing') this.#report('lost', `it is still ${job.state}`)
    if (runs.length > 0) this.#balance.ran++
    this.#balance.runs += runs.length
    this.#balance.forgotten += forgotten
    this.#judgeEnd(job, runs)
    this.#count(job, runs, forgotten)
    for (const [i, run] of runs.entries()) this.#enter(run, i === runs.length - 1)
    this.#checkSuccesses(runs)
  }

  #judgeEnd(job: Job, runs: readonly Run[]): void {
    const { state, reason, failures } = this.#kind.end
    const { attempts } = job
    if (job.state !== state) this.#report('wrong', `it is ${job.state} (${job.reason}), not ${state}`)
    else if (reason && !reason.test(job.reason ?? '')) this.#report('wrong', `its reason is "${job.reason}"`)
    if (failures && 'exactly' in failures && attempts !== failures.exactly)
      this.#report('wrong', `it failed ${attempts} times`)
    if (failures && 'at_least' in failures && attempts < failures.at_least)
      this.#report('wrong', `it failed ${attempts} times`)
    const completed = runs.filter(({ outcome }) => outcome === 'completed').length
    const last = runs.at(-1)?.outcome
    if (completed !== (state === 'completed' ? 1 : 0) || (completed === 1 && last !== 'completed'))
      this.#report('wrong', `${completed} completed runs, the last run ${last}`)
  }

  /** The counters must agree with the recorded runs. */
  #count(job: Job, runs: readonly Run[], forgotten: number): void {
    if (job.runs !== runs.length + forgotten)
      this.#report('unbalanced', `${job.runs} runs, ${runs.length} of them recorded`)
    for (const [counter, outcome] of [
      ['attempts', 'failed'],
      ['interruptions', 'interrupted'],
    ] as const) {
      const found = runs.filter((run) => run.outcome === outcome).length
      if (job[counter] < found || job[counter] > found + forgotten)
        this.#report('unbalanced', `${job[counter]} ${counter}, ${found} ${outcome} runs`)
    }
  }

  #enter(run: Run, is_last: boolean): void {
    const seen = this.#facts.runs.get(run.token)
    if (seen !== undefined && (seen.job !== this.#id || seen.run !== run.number))
      this.#report('unbalanced', `run ${run.number} is run ${seen.run} of job ${seen.job} in the ledger`)
    const explained = this.#explain(run, seen)
    const { outcome = '', cause } = run
    if (explained === null)
      this.#report('unbalanced', `run ${run.number} by ${run.worker} is ${outcome} (${cause}) without an explanation`)
    if (seen === undefined && outcome === 'completed')
      this.#report('wrong', `run ${run.number} is completed, but never began`)
    this.#account(run, explained?.why ?? 'unexplained', seen === undefined, !is_last)
    if (outcome === 'completed' && this.#kind === kindOf('daemon') && !seen?.daemon_ended)
      this.#report('wrong', `the daemon of run ${run.number} was ended`)
    if (explained !== null) this.#measure(run, explained)
  }

  /** From the kill to the job's next start. */
  #measure({ number }: Run, { why, killed_at }: Explanation): void {
    const next_at = this.#nextStart(number)
    if (killed_at === null || next_at === undefined) return
    this.#balance.recoveries.push({ why, seconds: Math.max(0, next_at - killed_at) })
  }

  #explain(run: Run, seen: LedgerRun | undefined): Explanation | null {
    return explain(run, { seen, next_at: this.#nextStart(run.number) }, this.#kind, this.#deaths)
  }

  /** When the next run after that number began. */
  #nextStart(number: number): number | undefined {
    return this.#facts.by_job.get(this.#id)?.find(({ run }) => run > number)?.began_at
  }

  /** A success that is not recorded as one must have had no worker to record it, or have lost it at that moment. */
  #checkSuccesses(runs: readonly Run[]): void {
    for (const seen of this.#facts.by_job.get(this.#id) ?? []) {
      const run = runs.find(({ token }) => token === seen.token)
      if (seen.end?.code !== 0 || run === undefined || run.outcome === 'completed') continue
      // The earlier of both: a supervisor that was frozen may outlive its worker by far.
      const deaths = [this.#deaths.by_id.get(run.worker), this.#explain(run, seen)?.killed_at].filter(
        (at) => at != null,
      )
      const died_at = deaths.length > 0 ? Math.min(...deaths) : null
      const gap = timeToNote(run.worker, seen.end.at, died_at, this.#deaths)
      this.#balance.successes_repeated.push(gap)
      if (gap <= END_TO_JOURNAL_S) continue
      this.#report('unbalanced', `run ${run.number} succeeded, but is recorded as ${run.outcome} (${run.cause})`)
    }
  }

  #account({ outcome, cause }: Run, why: string, unseen: boolean, repeated: boolean): void {
    const key = { outcome: outcome ?? '', cause: (cause ?? '').replace(/^cannot start: .*/, 'cannot start'), why }
    const same = (one: OutcomeCount) => one.outcome === key.outcome && one.cause === key.cause && one.why === key.why
    let account = this.#balance.accounts.find(same)
    if (account === undefined) {
      account = { ...key, runs: 0, unseen: 0, repeated: 0 }
      this.#balance.accounts.push(account)
    }
    account.runs++
    if (unseen) account.unseen++
    if (repeated) account.repeated++
  }

  #report(list: 'lost' | 'wrong' | 'unbalanced', what: string): void {
    this.#balance[list].push(`job ${this.#id}: ${what}`)
  }
}
