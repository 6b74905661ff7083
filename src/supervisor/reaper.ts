import type { Job } from '../domain/job.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { AnyProcess } from '../domain/processes.ts'
import { isSilent } from '../domain/timing.ts'
import type { RunJournal } from '../runs/journal.ts'
import { endRun, type Owner, type Recovered, type RecoveryContext, recoverJob, type Verdict } from './recovery.ts'
import { SilenceWatch } from './silence.ts'

/** Leases of other hosts are ended by the store's clock; this much later than they say. */
const LEASE_SLACK_MS = 2_000

/** So many dead owners are remembered: far more than die while a claim may be on its way. */
const MOST_REMEMBERED = 1_000

/** A row of a host that nobody here can look at is forgotten after this long. */
const FORGET_MS = 3_600_000

/** Finds runs whose owner died or fell silent, and recovers them. */
export class Reaper {
  readonly #context: RecoveryContext
  readonly #steady: () => boolean
  readonly #silence = new SilenceWatch()
  /** Jobs that could not be proved gone: reason by job id. */
  readonly stuck = new Map<string, string>()
  readonly #outcomes = new Map<string, Outcome>()
  /**
   * What became of the runs of owners that were looked after, by owner. A server may carry out a claim behind that look which was on its way
   * when the worker died: nobody else takes the job, as long as this supervisor lives.
   */
  readonly #dead_owners = new Map<string, Outcome>()
  /** Ids of jobs whose recovery is under way: a pass and the recovery of an owner may go on side by side. */
  readonly #recovering = new Set<string>()

  /** `steady`: whether the store has been in reach for long enough that a lease that ended tells something (R9). */
  constructor(context: RecoveryContext, steady: () => boolean = () => true) {
    this.#context = context
    this.#steady = steady
  }

  /** Silence is counted from now: this process, or the store, was away. */
  forgive(): void {
    this.#silence.reset()
  }

  /**
   * One pass over all jobs in work. `mine`: owners that live under this supervisor's own eyes. Also takes rows of
   * processes that are gone, and own nothing any more, out of the registry, and forgets journal entries of runs that are settled: a worker that
   * died behind its last write leaves them, or lost the run to another host.
   */
  async pass(mine: ReadonlySet<string>): Promise<void> {
    const { store, by, journal } = this.#context
    const tokens = journal.tokens()
    const [rows, jobs] = [await store.processes(), await store.processing()]
    const byId = new Map(rows.map((row) => [row.id, row]))
    // All are judged by what was read just now: while one is recovered the leases of others are renewed.
    const lost = jobs.flatMap((job) => {
      const owner = job.processing_by ?? ''
      if (mine.has(owner)) return []
      const verdict = this.#known(job, owner === by) ?? this.#verdict(job, byId)
      return verdict === null ? [] : { job, verdict, row: byId.get(owner) }
    })
    for (const { job, verdict, row } of lost) await this.#recover(job, this.#reachable(row), verdict, row?.host)
    await this.#prune(rows, mine)
    forgetSettled(journal, tokens, jobs)
    this.#silence.keep(new Set([...byId.keys(), ...jobs.map((job) => job.id)]))
    for (const known of [this.stuck, this.#outcomes]) {
      for (const id of known.keys()) if (!jobs.some((job) => job.id === id)) known.delete(id)
    }
  }

  /** Recovers all runs of one owner that is known to be dead. Returns how many were settled. */
  async recoverOwner(owner: Owner, outcome: Outcome): Promise<number> {
    const { store, journal } = this.#context
    let settled = 0
    const tokens = journal.tokens()
    const jobs = await store.processing()
    for (const job of jobs) {
      if (job.processing_by === owner.id && (await this.#recover(job, owner, { outcome })) === 'settled') settled++
    }
    forgetSettled(journal, tokens, jobs)
    this.#dead_owners.set(owner.id, outcome)
    if (this.#dead_owners.size > MOST_REMEMBERED) this.#dead_owners.delete(this.#dead_owners.keys().next().value ?? '')
    return settled
  }

  /** Ends what `owner`, which is dead, was running, whether the store can be told or not. Runs that left their result have ended. */
  async endRuns(owner: Owner, tokens: readonly string[]): Promise<void> {
    const left = tokens.filter((token) => this.#context.journal.readDone(token) === null)
    await Promise.all(left.map((token) => endRun(this.#context, token, owner.id)))
  }

  /** `host`: where it ran, if that is known. */
  async #recover(job: Job, owner: Owner | null, verdict: Verdict, host = this.#context.host): Promise<Recovered> {
    if (this.#recovering.has(job.id)) return 'lost'
    this.#recovering.add(job.id)
    // Also for the pass that goes on with it, should the store fail between fence and settle.
    this.#outcomes.set(job.id, verdict.outcome)
    const recovery = recoverJob({ ...this.#context, host }, job, owner, verdict)
    const result = await recovery.finally(() => this.#recovering.delete(job.id))
    if (typeof result === 'object') {
      this.stuck.set(job.id, result.stuck)
    } else {
      this.stuck.delete(job.id)
      this.#outcomes.delete(job.id)
    }
    return result
  }

  /** What is known of a job's run without a look at its owner: `own`, this process holds it from an earlier try. */
  #known(job: Job, own: boolean): Verdict | null {
    const known = this.#dead_owners.get(job.processing_by ?? '')
    if (own) return { outcome: this.#outcomes.get(job.id) ?? { kind: 'interrupted', cause: 'supervisor died' } }
    return known === undefined ? null : { outcome: known }
  }

  /** What became of a job's run, judged by its owner; null: nothing to do, or somebody else's to do. */
  #verdict(job: Job, rows: ReadonlyMap<string, AnyProcess>): Verdict | null {
    const { platform } = this.#context
    const owner = rows.get(job.processing_by ?? '')
    if (owner === undefined)
      return this.#leaseOver(job, job.id, job.lease_expires_at) ? silent('supervisor died') : null
    const life = platform.liveness(owner.identity)
    if (life === 'elsewhere') return this.#leaseOver(job, owner.id, owner.beats) ? silent('host lost') : null
    const supervisor = owner.kind === 'worker' ? rows.get(owner.supervisor_id) : undefined
    if (supervisor !== undefined && this.#watches(supervisor)) return null
    if (life === 'gone') return { outcome: lost(this.#rebooted(owner) ? 'host lost' : 'supervisor died') }
    // A worker that lives without a supervisor drains and renews for itself; only a silent one is taken from (R2).
    return this.#silentRow(owner) ? silent('supervisor died') : null
  }

  /** Whether that supervisor lives and beats, so that its workers are its own business. */
  #watches(supervisor: AnyProcess): boolean {
    return this.#context.platform.liveness(supervisor.identity) !== 'gone' && !this.#silentRow(supervisor)
  }

  /**
   * Whether a holder that cannot be looked at from here has lost its job: on a shared store when its lease is over by the store's clock,
   * else when `value` has not changed for long enough.
   */
  #leaseOver(job: Job, key: string, value: unknown): boolean {
    const { store } = this.#context
    if (!store.info.shared) return this.#silent(key, value)
    return this.#steady() && (job.lease_expires_at ?? 0) + LEASE_SLACK_MS < store.now()
  }

  #silentRow(row: AnyProcess): boolean {
    return this.#silent(row.id, row.beats)
  }

  #silent(key: string, value: unknown): boolean {
    return isSilent(this.#silence.unchangedFor(key, value))
  }

  #rebooted(row: AnyProcess): boolean {
    return row.identity.boot_id !== this.#context.platform.identify(process.pid)?.boot_id
  }

  /** `row` if it is a worker that this host could end. */
  #reachable(row: AnyProcess | undefined): Owner | null {
    return row?.kind === 'worker' && this.#context.platform.liveness(row.identity) !== 'elsewhere' ? row : null
  }

  async #prune(rows: readonly AnyProcess[], mine: ReadonlySet<string>): Promise<void> {
    const { store, by } = this.#context
    const gone = rows.filter((row) => row.id !== by && !mine.has(row.id) && this.#isGone(row, rows))
    if (gone.length === 0) return
    const owners = new Set((await store.processing()).map((job) => job.processing_by))
    const ids = gone.map(({ id }) => id).filter((id) => !owners.has(id))
    if (ids.length > 0) await store.deregister({ ids })
  }

  /** A worker's row is its supervisor's to remove while that one lives; what lives elsewhere is forgotten after an hour. */
  #isGone(row: AnyProcess, rows: readonly AnyProcess[]): boolean {
    const { platform, store } = this.#context
    const life = platform.liveness(row.identity)
    if (life === 'elsewhere') return this.#silentRow(row) && store.now() - row.beat_at > FORGET_MS
    if (life === 'alive') return false
    const supervisor = row.kind === 'worker' ? rows.find((other) => other.id === row.supervisor_id) : undefined
    return supervisor === undefined || !this.#watches(supervisor)
  }
}

/** An entry is written for a job in work: those of `tokens` that are not among `jobs`, which were looked up later, have been settled. */
function forgetSettled(journal: RunJournal, tokens: readonly string[], jobs: readonly Job[]): void {
  const needed = new Set(jobs.map(({ run_token }) => run_token))
  for (const token of tokens) if (!needed.has(token)) journal.forget(token)
}

function lost(cause: 'supervisor died' | 'host lost'): Outcome {
  return { kind: 'interrupted', cause }
}

const silent = (cause: 'supervisor died' | 'host lost'): Verdict => ({ outcome: lost(cause), refutable: true })
