import type { Job } from '../domain/job.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { AnyProcess } from '../domain/processes.ts'
import { isSilent } from '../domain/timing.ts'
import type { RunJournal } from '../runs/journal.ts'
import { endRun, type Owner, type Recovered, type RecoveryContext, recoverJob, type Verdict } from './recovery.ts'
import { SilenceWatch } from './silence.ts'

/** Leases of other hosts end by the store's clock, this much later than recorded. */
const LEASE_SLACK_MS = 2_000

/** How many dead owners are remembered: far more than die while a claim may be in flight. */
const MOST_REMEMBERED = 1_000

/** A row of another host, whose processes cannot be checked from here, is removed after this long. */
const FORGET_MS = 3_600_000

/** Finds runs whose owner died or went silent, and recovers them. */
export class Reaper {
  readonly #context: RecoveryContext
  readonly #steady: () => boolean
  readonly #silence = new SilenceWatch()
  /** Jobs whose processes are not proven gone: reason by job ID. */
  readonly stuck = new Map<string, string>()
  readonly #outcomes = new Map<string, Outcome>()
  /**
   * Outcomes of the runs of dead owners, by owner. A server may execute a claim that was in flight when its worker died
   * only after the recovery: while this supervisor lives, nobody else takes that job.
   */
  readonly #dead_owners = new Map<string, Outcome>()
  /** IDs of jobs under recovery: a pass and the recovery of an owner may run at the same time. */
  readonly #recovering = new Set<string>()

  /** `steady`: whether the store has been reachable for long enough that an expired lease means something (R9). */
  constructor(context: RecoveryContext, steady: () => boolean = () => true) {
    this.#context = context
    this.#steady = steady
  }

  /** This process was suspended, or the store unreachable: start counting silence again. */
  forgive(): void {
    this.#silence.reset()
  }

  /**
   * One pass over all jobs in `processing`. `mine`: owners that this supervisor watches itself. Also removes rows of
   * processes that are gone and own nothing, and journal entries of settled runs: they remain when a worker dies right
   * after its last write, or loses the run to another host.
   */
  async pass(mine: ReadonlySet<string>): Promise<void> {
    const { store, by, journal } = this.#context
    const tokens = journal.tokens()
    const [rows, jobs] = [await store.processes(), await store.processing()]
    const byId = new Map(rows.map((row) => [row.id, row]))
    // Judge all jobs by what was just read: while one is recovered, the leases of others are renewed.
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

  /** Recovers all runs of an owner that is known to be dead. Returns how many were settled. */
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

  /** Ends the runs of `owner`, which is dead, without the store. Runs with a result on disk have ended already. */
  async endRuns(owner: Owner, tokens: readonly string[]): Promise<void> {
    const left = tokens.filter((token) => this.#context.journal.readDone(token) === null)
    await Promise.all(left.map((token) => endRun(this.#context, token, owner.id)))
  }

  /** `host`: where the job ran, if known. */
  async #recover(job: Job, owner: Owner | null, verdict: Verdict, host = this.#context.host): Promise<Recovered> {
    if (this.#recovering.has(job.id)) return 'lost'
    this.#recovering.add(job.id)
    // Also for the next pass, which continues if the store fails between fence and settle.
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

  /** The verdict that is known without checking the owner. `own`: this process holds the job from an earlier try. */
  #known(job: Job, own: boolean): Verdict | null {
    const known = this.#dead_owners.get(job.processing_by ?? '')
    if (own) return { outcome: this.#outcomes.get(job.id) ?? { kind: 'interrupted', cause: 'supervisor died' } }
    return known === undefined ? null : { outcome: known }
  }

  /** What became of a job's run, judged by its owner; null: nothing to do, or another supervisor's task. */
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
    // A worker that outlives its supervisor drains and renews its own leases; only a silent one loses its jobs (R2).
    return this.#silentRow(owner) ? silent('supervisor died') : null
  }

  /** Whether that supervisor lives and sends heartbeats: it handles its own workers then. */
  #watches(supervisor: AnyProcess): boolean {
    return this.#context.platform.liveness(supervisor.identity) !== 'gone' && !this.#silentRow(supervisor)
  }

  /**
   * Whether a holder that cannot be checked from here has lost its job: on a shared store when its lease has expired by
   * the store's clock, else when `value` has not changed for long enough.
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

  /** `row` if it is a worker that this host can end; else null. */
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

  /**
   * A live supervisor removes the rows of its own workers; a row of another host is removed after `FORGET_MS` of
   * silence.
   */
  #isGone(row: AnyProcess, rows: readonly AnyProcess[]): boolean {
    const { platform, store } = this.#context
    const life = platform.liveness(row.identity)
    if (life === 'elsewhere') return this.#silentRow(row) && store.now() - row.beat_at > FORGET_MS
    if (life === 'alive') return false
    const supervisor = row.kind === 'worker' ? rows.find((other) => other.id === row.supervisor_id) : undefined
    return supervisor === undefined || !this.#watches(supervisor)
  }
}

/**
 * Entries exist for jobs in `processing`: `tokens` that are not among `jobs`, which were read later, belong to settled
 * runs.
 */
function forgetSettled(journal: RunJournal, tokens: readonly string[], jobs: readonly Job[]): void {
  const needed = new Set(jobs.map(({ run_token }) => run_token))
  for (const token of tokens) if (!needed.has(token)) journal.forget(token)
}

function lost(cause: 'supervisor died' | 'host lost'): Outcome {
  return { kind: 'interrupted', cause }
}

const silent = (cause: 'supervisor died' | 'host lost'): Verdict => ({ outcome: lost(cause), refutable: true })
