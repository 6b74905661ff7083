import type { Job, Run } from '../../src/domain/job.ts'
import { type Deaths, deathsOf, type Explanation, explain, timeToNote } from './explain.ts'
import { factsOf, type LedgerFacts, type LedgerRun } from './facts.ts'
import type { Kill } from './killer.ts'
import { type Kind, kindOf } from './kinds.ts'
import type { Ledger } from './ledger.ts'
import type { PlannedJob } from './plan.ts'

/** From the end of a command to its journal entry: what its session left behind gets 2 s, and a busy machine as much again, and a third. */
const END_TO_JOURNAL_S = 5

/** A job as the store knows it; null: it does not. */
export interface Recorded {
  job: Job
  runs: readonly Run[]
}

export interface BalanceParams {
  jobs: readonly PlannedJob[]
  accepted: ReadonlySet<string>
  ledger: Ledger
  records: ReadonlyMap<string, Recorded>
  /** How many runs of a job the store keeps on record; null: all. */
  runs_kept: number | null
  kills: readonly Kill[]
  supervisor_of: ReadonlyMap<string, string>
}

/** So many runs of one outcome and cause, and why. */
export interface OutcomeCount {
  outcome: string
  cause: string
  why: string
  runs: number
  /** Those of them that never came to their first line. */
  unseen: number
  /** Those of them that were not their job's last. */
  repeated: number
}

/** What the run history of a chaos run comes to. */
export interface Balance {
  accepted: number
  states: Record<string, number>
  /** Jobs that have at least one run. */
  ran: number
  /** Runs on record. */
  runs: number
  /** Lines `start` in the ledger. */
  starts: number
  torn: number
  /** Runs that the store has forgotten, because their jobs had too many. */
  forgotten: number
  accounts: OutcomeCount[]
  lost: string[]
  overlaps: string[]
  wrong: string[]
  /** Entries that nothing explains, or that contradict each other. */
  unbalanced: string[]
  /** Successes that were run again, because nobody lived to note the first: seconds that their worker had from the command's end to the kill, which may have been before. */
  successes_repeated: number[]
  /** Seconds from a kill to the next start of the job, by what explains it. */
  recoveries: { why: string; seconds: number }[]
}

/** Balances the ledger against the store: first what the ledger says by itself, then whether the store says the same. */
export function balance(params: BalanceParams): Balance {
  const { jobs, ledger, accepted, records } = params
  const facts = factsOf(ledger)
  const deaths = deathsOf(params.kills, facts.runs.values(), params.supervisor_of)
  const books: Balance = {
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
    new JobBalance(books, planned, facts, deaths).take(record, forgotten(record?.job))
  }
  const on_record = new Set([...records.values()].flatMap(({ runs }) => runs.map(({ token }) => token)))
  for (const { token, job, run } of facts.runs.values()) {
    if (!on_record.has(token) && run > forgotten(records.get(job)?.job))
      books.unbalanced.push(`job ${job}: run ${run} began and is not on record (${token})`)
  }
  return books
}

/** The run history of one job. */
class JobBalance {
  readonly #balance: Balance
  readonly #id: string
  readonly #kind: Kind
  readonly #facts: LedgerFacts
  readonly #deaths: Deaths

  constructor(books: Balance, { id, kind }: PlannedJob, facts: LedgerFacts, deaths: Deaths) {
    this.#balance = books
    this.#id = id
    this.#kind = kindOf(kind)
    this.#facts = facts
    this.#deaths = deaths
  }

  /** `forgotten`: so many of its first runs are not on record any more. */
  take(record: Recorded | undefined, forgotten: number): void {
    if (record === undefined) {
      this.#say('lost', 'the store does not know it')
      return
    }
    const { job, runs } = record
    this.#balance.states[job.state] = (this.#balance.states[job.state] ?? 0) + 1
    if (job.state === 'pending' || job.state === 'processing') this.#say('lost', `it is still ${job.state}`)
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
    if (job.state !== state) this.#say('wrong', `it is ${job.state} (${job.reason}), not ${state}`)
    else if (reason && !reason.test(job.reason ?? '')) this.#say('wrong', `its reason is "${job.reason}"`)
    if (failures && 'exactly' in failures && attempts !== failures.exactly)
      this.#say('wrong', `it failed ${attempts} times`)
    if (failures && 'at_least' in failures && attempts < failures.at_least)
      this.#say('wrong', `it failed ${attempts} times`)
    const completed = runs.filter(({ outcome }) => outcome === 'completed').length
    const last = runs.at(-1)?.outcome
    if (completed !== (state === 'completed' ? 1 : 0) || (completed === 1 && last !== 'completed'))
      this.#say('wrong', `${completed} completed runs, the last run ${last}`)
  }

  /** The counters say what the runs say, as far as those are on record. */
  #count(job: Job, runs: readonly Run[], forgotten: number): void {
    if (job.runs !== runs.length + forgotten)
      this.#say('unbalanced', `${job.runs} runs, ${runs.length} of them on record`)
    for (const [counter, outcome] of [
      ['attempts', 'failed'],
      ['interruptions', 'interrupted'],
    ] as const) {
      const found = runs.filter((run) => run.outcome === outcome).length
      if (job[counter] < found || job[counter] > found + forgotten)
        this.#say('unbalanced', `${job[counter]} ${counter}, ${found} ${outcome} runs`)
    }
  }

  #enter(run: Run, is_last: boolean): void {
    const seen = this.#facts.runs.get(run.token)
    if (seen !== undefined && (seen.job !== this.#id || seen.run !== run.number))
      this.#say('unbalanced', `run ${run.number} is run ${seen.run} of job ${seen.job} in the ledger`)
    const explained = this.#explain(run, seen)
    const { outcome = '', cause } = run
    if (explained === null)
      this.#say('unbalanced', `run ${run.number} by ${run.worker} is ${outcome} (${cause}), and nothing explains it`)
    if (seen === undefined && outcome === 'completed')
      this.#say('wrong', `run ${run.number} is completed and never began`)
    this.#account(run, explained?.why ?? 'unexplained', seen === undefined, !is_last)
    if (outcome === 'completed' && this.#kind === kindOf('daemon') && !seen?.daemon_ended)
      this.#say('wrong', `the daemon that run ${run.number} left behind was ended`)
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

  /** When the first run behind the one of that number began. */
  #nextStart(number: number): number | undefined {
    return this.#facts.by_job.get(this.#id)?.find(({ run }) => run > number)?.began_at
  }

  /** A success that is not on record as one had no worker any more to note it, or lost it that very moment. */
  #checkSuccesses(runs: readonly Run[]): void {
    for (const seen of this.#facts.by_job.get(this.#id) ?? []) {
      const run = runs.find(({ token }) => token === seen.token)
      if (seen.end?.code !== 0 || run === undefined || run.outcome === 'completed') continue
      // The first of both: a supervisor that was frozen may outlive its worker for long.
      const deaths = [this.#deaths.by_id.get(run.worker), this.#explain(run, seen)?.killed_at].filter(
        (at) => at != null,
      )
      const died_at = deaths.length > 0 ? Math.min(...deaths) : null
      const gap = timeToNote(run.worker, seen.end.at, died_at, this.#deaths)
      this.#balance.successes_repeated.push(gap)
      if (gap <= END_TO_JOURNAL_S) continue
      this.#say('unbalanced', `run ${run.number} succeeded, and is on record as ${run.outcome} (${run.cause})`)
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

  #say(list: 'lost' | 'wrong' | 'unbalanced', what: string): void {
    this.#balance[list].push(`job ${this.#id}: ${what}`)
  }
}
