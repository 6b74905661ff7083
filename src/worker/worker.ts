import { hostname } from 'node:os'
import type { Job } from '../domain/job.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { RunningJob } from '../domain/processes.ts'
import type { LiveSettings } from '../domain/settings.ts'
import { TERM_MS } from '../domain/timing.ts'
import { monotonic, uptime } from '../lib/clock.ts'
import type { TailUploader } from '../logs/tail-uploader.ts'
import type { RunJournal } from '../runs/journal.ts'
import type { JobStore } from '../store/port.ts'
import type { Channel } from './channel.ts'
import { type Claim, type ClaimStart, Claims } from './claims.ts'
import { inheritedEnvironment, jobEnvironment, workingFolder } from './environment.ts'
import { Idle } from './idle.ts'
import { type EventDetails, eventName, jobEvent, type WorkerSetup } from './messages.ts'
import { type RunHandle, startRun } from './runner.ts'
import { SelfFence } from './self-fence.ts'
import { settleRun } from './settle-run.ts'
import { ShutdownDeadline } from './shutdown-deadline.ts'

interface ActiveRun {
  job: Job
  handle: RunHandle
  /** Epoch milliseconds of the store's clock. */
  started_at: number
}

/** One worker with `concurrency` slots: each claims a job, runs it, settles it, and goes on with the next. */
export class Worker {
  readonly #store: JobStore
  readonly #setup: WorkerSetup
  readonly #settings: LiveSettings
  readonly #channel: Channel
  readonly #journal: RunJournal
  readonly #outputs: TailUploader
  readonly #runs = new Map<string, ActiveRun>()
  readonly claims: Claims
  readonly #idle: Idle
  readonly #deadline = new ShutdownDeadline()
  readonly #host = hostname()
  readonly #inherited: Record<string, string>
  /** Null: the store is on this host and cannot become unreachable. */
  readonly #fence: SelfFence | null
  /** Tokens of the runs that a stop ended. */
  readonly #killed = new Set<string>()
  /** Tokens of the runs that could not be settled before a stop. */
  readonly #unsettled = new Set<string>()
  #grace_timer: NodeJS.Timeout | null = null
  #grace_ends_at = Number.POSITIVE_INFINITY
  /** Runs that a stop released without ending them. */
  released = 0

  constructor(store: JobStore, setup: WorkerSetup, channel: Channel, journal: RunJournal, outputs: TailUploader) {
    this.#store = store
    this.#setup = setup
    this.#settings = setup.settings
    this.#channel = channel
    this.#journal = journal
    this.#outputs = outputs
    this.#idle = new Idle(setup.poll_ms, () => channel.send({ type: 'idle' }))
    this.claims = new Claims({ store, setup, host: this.#host, deadline: this.#deadline, ask: this.#ask })
    this.#inherited = inheritedEnvironment(process.env, setup.address)
    this.#fence = store.info.shared ? new SelfFence(setup.lease_ms, (token, ms) => this.#endLost(token, ms)) : null
  }

  /** Works until it drains; resolves when all its runs have ended and are settled (or given up for a stop). */
  async work(): Promise<void> {
    await Promise.all(Array.from({ length: this.#setup.concurrency }, () => this.#slot()))
    if (this.#grace_timer !== null) clearTimeout(this.#grace_timer)
    this.#fence?.stop()
  }

  /**
   * Claims no more. Runs that still go on after `grace_ms` are ended and released. A later call can only shorten the
   * grace.
   */
  drain(grace_ms: number): void {
    this.#deadline.begin()
    this.#idle.wake()
    if (monotonic() + grace_ms >= this.#grace_ends_at) return
    this.#grace_ends_at = monotonic() + grace_ms
    if (this.#grace_timer !== null) clearTimeout(this.#grace_timer)
    this.#grace_timer = setTimeout(() => this.#endRuns({ kind: 'released', cause: 'end of grace' }, TERM_MS), grace_ms)
  }

  wake(): void {
    this.#idle.wake()
  }

  /** Ends all runs by force. */
  endJobs(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#endRuns({ kind: 'interrupted', cause: 'forced' }, signal === 'SIGKILL' ? 0 : TERM_MS)
  }

  cancel(tokens: readonly string[]): void {
    for (const token of tokens) {
      this.#runs.get(token)?.handle.end({ kind: 'cancelled', exit_code: null, signal: null }, TERM_MS)
    }
  }

  /** These runs were taken over: their remaining processes must end, and their results will not be written. */
  lose(tokens: readonly string[]): void {
    for (const token of tokens) this.#runs.get(token)?.handle.end({ kind: 'interrupted', cause: 'supervisor died' }, 0)
  }

  /** The leases of these runs were renewed by a write that was sent at `asked_at` (milliseconds of `uptime`). */
  renewed(tokens: readonly string[], asked_at: number): void {
    this.#fence?.renewed(tokens, asked_at)
  }

  tokens(): string[] {
    return [...this.#runs.keys()]
  }

  /** Whether the store knows the end of all its runs. */
  get settled(): boolean {
    return this.#unsettled.size === 0
  }

  get killed(): number {
    return this.#killed.size
  }

  get idle(): boolean {
    return this.#idle.waiting > 0
  }

  jobs(): RunningJob[] {
    return [...this.#runs].map(([token, { job, handle, started_at }]) => {
      const { id, runs: run, command } = job
      return { id, run, token, command, pid: handle.pid, started_at, cpu: null, rss: null, note: handle.note }
    })
  }

  async #slot(): Promise<void> {
    let claimed: Claim | null = null
    while (!this.#deadline.stopping || claimed?.job) {
      claimed ??= await this.claims.claim(this.#releaseLate, this.#trouble)
      if (claimed === null) return
      if (claimed.job !== null) claimed = await this.#take(claimed.job, claimed.asked_at)
      else {
        await this.#idle.wait(claimed.wake_ups, claimed.next_due_ms)
        claimed = null
      }
    }
  }

  readonly #ask = (): ClaimStart => ({ asked_at: uptime(), wake_ups: this.#idle.wake_ups })

  /** Runs a claimed job and settles it; returns what was claimed in the same call. */
  async #take(job: Job, asked_at: number): Promise<Claim | null> {
    const token = job.run_token ?? ''
    if (this.#deadline.stopping || this.#fence?.hold(token, asked_at) === false) {
      if (this.#deadline.stopping) this.released++
      return this.#settle(job, { kind: 'released', cause: 'not started' }, null)
    }
    const handle = this.#start(job, token)
    this.#runs.set(token, { job, handle, started_at: job.started_at ?? this.#store.now() })
    this.#report(job, { event: 'started' })
    const { outcome, run_ms } = await handle.outcome
    const next = await this.#settle(job, outcome, run_ms)
    this.#runs.delete(token)
    this.#fence?.drop(token)
    return next
  }

  /** Releases a job whose claim was answered after its slot had finished for a stop. */
  readonly #releaseLate = ({ job, asked_at }: Claim): void => {
    if (job !== null) void this.#take(job, asked_at)
  }

  /** Another host may soon run this job. The run is released, in case the store becomes reachable before that. */
  #endLost(token: string, patience_ms: number): void {
    const run = this.#runs.get(token)
    if (!run?.handle.end({ kind: 'released', cause: 'store lost' }, patience_ms)) return
    this.#trouble(`cannot renew the lease of job ${run.job.id}, which is about to expire: ending its run`)
  }

  #start(job: Job, token: string): RunHandle {
    const { address, pass_store, cwd, id } = this.#setup
    const env = jobEnvironment({ inherited: this.#inherited, job, token, store_address: address, pass_store })
    const folder = this.#store.info.folder
    return startRun({
      job,
      token,
      cwd: workingFolder(job, cwd),
      env,
      folder,
      log_limit: this.#settings.log_limit,
      journal: this.#journal,
      worker_id: id,
      watch_output: (output) => this.#outputs.watch(job, token, output),
      judge: (outcome) => this.#deadline.excuse(outcome),
    })
  }

  async #settle(job: Job, outcome: Outcome, run_ms: number | null): Promise<Claim | null> {
    let asked!: ClaimStart
    const answer = await settleRun(this.#store, {
      job,
      outcome,
      run_ms,
      worker: { id: this.#setup.id, host: this.#host },
      next: () => {
        asked = this.#ask()
        return this.#deadline.stopping ? null : this.claims.params()
      },
      deadline: this.#deadline,
      on_late: ({ state, next }) => {
        this.#close(job, state !== null)
        if (next !== null) this.#releaseLate({ ...next, ...asked })
      },
      on_trouble: this.#trouble,
    })
    if (answer === null) {
      this.#unsettled.add(job.run_token ?? '')
      return null
    }
    this.#close(job, answer.state !== null)
    const { cause, run_outcome, delay_ms, state } = answer.settlement
    if (
      run_outcome === 'released' &&
      run_ms !== null &&
      this.#deadline.stopping &&
      !this.#killed.has(job.run_token ?? '')
    )
      this.released++
    const retry_ms = state === 'pending' ? delay_ms : null
    this.#report(job, { event: eventName(answer.state, run_outcome), cause, run_ms, retry_ms })
    return answer.next && { ...answer.next, ...asked }
  }

  /** A run is settled. If it was taken over (`own` is false), its journal entry belongs to the new owner. */
  #close({ run_token }: Job, own: boolean): void {
    this.#unsettled.delete(run_token ?? '')
    if (own) this.#journal.forget(run_token ?? '')
  }

  #endRuns(outcome: Parameters<RunHandle['end']>[0], patience_ms: number): void {
    for (const [token, { handle }] of this.#runs) {
      if (handle.end(outcome, patience_ms)) this.#killed.add(token)
    }
  }

  #report(job: Job, details: EventDetails): void {
    if (details.event === 'started') this.#idle.end()
    this.#channel.send({ type: 'job_event', event: jobEvent(job, this.#setup.id, details) })
  }

  readonly #trouble = (message: string): void => this.#channel.send({ type: 'trouble', message })
}
