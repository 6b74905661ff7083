import { hostname } from 'node:os'
import type { Job } from '../domain/job.ts'
import type { Outcome } from '../domain/lifecycle.ts'
import type { RunningJob } from '../domain/process.ts'
import { TERM_MS, TIMING } from '../domain/timing.ts'
import { newToken } from '../domain/token.ts'
import { monotonic, sleep } from '../platform/clock.ts'
import type { Claimed, ClaimParams, JobStore } from '../store/port.ts'
import { inheritedEnvironment, jobEnvironment, workingFolder } from './environment.ts'
import { Idle } from './idle.ts'
import type { Link } from './link.ts'
import type { RunNews, WorkerSetup } from './messages.ts'
import type { OutputKeeper } from './output-keeper.ts'
import { type RunHandle, startRun } from './runner.ts'
import { settleRun } from './settle.ts'
import { StopBound } from './stop-bound.ts'
import type { Traces } from './traces.ts'

const TROUBLE_WAIT_MS = 1_000
/** Signals by which an init stops a service; it may reach a job before it reaches us, but not by more than this. */
const STOP_SIGNALS: readonly string[] = ['SIGTERM', 'SIGINT', 'SIGHUP']
const SAME_STOP_MS = 100

interface ActiveRun {
  job: Job
  handle: RunHandle
  /** Epoch milliseconds of the store's clock. */
  started_at: number
}

/** One worker: `concurrency` slots, each of which claims a job, runs it, settles it, and goes on with the next. */
export class Worker {
  readonly #store: JobStore
  readonly #setup: WorkerSetup
  readonly #link: Link
  readonly #traces: Traces
  readonly #outputs: OutputKeeper
  readonly #runs = new Map<string, ActiveRun>()
  readonly #idle = new Idle()
  readonly #bound = new StopBound()
  readonly #host = hostname()
  readonly #inherited: Record<string, string>
  /** Tokens whose end could not be written before a stop. */
  readonly #unsettled = new Set<string>()
  #grace_timer: NodeJS.Timeout | null = null
  #grace_ends_at = Number.POSITIVE_INFINITY
  log_limit: number
  killed = 0
  released = 0

  constructor(store: JobStore, setup: WorkerSetup, link: Link, traces: Traces, outputs: OutputKeeper) {
    this.#store = store
    this.#setup = setup
    this.#link = link
    this.#traces = traces
    this.#outputs = outputs
    this.log_limit = setup.log_limit
    this.#inherited = inheritedEnvironment(process.env, setup.address)
  }

  /** Works until told to drain; resolves when all its runs have ended and are settled (or given up for a stop). */
  async work(): Promise<void> {
    await Promise.all(Array.from({ length: this.#setup.concurrency }, () => this.#slot()))
    if (this.#grace_timer !== null) clearTimeout(this.#grace_timer)
  }

  /** Takes no more. Runs still going after `grace_ms` are ended and given back. A later call may only shorten the grace. */
  drain(grace_ms: number): void {
    this.#bound.begin()
    this.#idle.nudge()
    if (monotonic() + grace_ms >= this.#grace_ends_at) return
    this.#grace_ends_at = monotonic() + grace_ms
    if (this.#grace_timer !== null) clearTimeout(this.#grace_timer)
    this.#grace_timer = setTimeout(() => this.#endRuns({ kind: 'released', cause: 'end of grace' }, TERM_MS), grace_ms)
  }

  nudge(): void {
    this.#idle.nudge()
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

  /** These runs were taken over: whatever still runs of them must end, and its result will not be written. */
  lose(tokens: readonly string[]): void {
    for (const token of tokens) this.#runs.get(token)?.handle.end({ kind: 'interrupted', cause: 'supervisor died' }, 0)
  }

  tokens(): string[] {
    return [...this.#runs.keys()]
  }

  /** Whether the store knows the end of all its runs. */
  get settled(): boolean {
    return this.#unsettled.size === 0
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
    let claimed: Claimed | null = null
    while (!this.#bound.stopping || claimed?.job) {
      const nudges = this.#idle.nudges
      // A settle that found nothing more looked before the nudges were read: look again.
      if (!claimed?.job) claimed = await this.#claim()
      if (claimed?.job) claimed = await this.#take(claimed.job)
      else {
        this.#link.send({ type: 'idle' })
        await this.#idle.wait(nudges, claimed?.next_due_ms ?? null)
      }
    }
  }

  async #claim(): Promise<Claimed | null> {
    try {
      return await this.#bound.wait(this.#store.claim(this.#claimParams()), (late) => this.#giveBack(late))
    } catch (error) {
      this.#link.send({ type: 'trouble', message: `cannot claim: ${(error as Error).message}` })
      await sleep(TROUBLE_WAIT_MS)
      return null
    }
  }

  /** Runs a claimed job to its settled end; returns what was claimed in the same breath. */
  async #take(job: Job): Promise<Claimed | null> {
    const token = job.run_token ?? ''
    if (this.#bound.stopping) {
      this.released++
      return this.#settle(job, { kind: 'released', cause: 'not started' }, null)
    }
    const handle = this.#start(job, token)
    this.#runs.set(token, { job, handle, started_at: job.started_at ?? this.#store.now() })
    this.#report(job, 'started', null, null, null)
    const { outcome, run_ms } = await handle.outcome
    const next = await this.#settle(job, outcome, run_ms)
    this.#runs.delete(token)
    return next
  }

  /** A job that was claimed after its slot had left for a stop. */
  #giveBack(claimed: Claimed | null): void {
    if (claimed?.job) void this.#take(claimed.job)
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
      log_limit: this.log_limit,
      traces: this.#traces,
      worker_id: id,
      watch_output: (output) => this.#outputs.watch(job, token, output),
      judge: (outcome) => this.#excused(outcome),
    })
  }

  /** An init that stops a service signals every process of it: a job that dies so was stopped, it did not fail (R6). */
  async #excused(outcome: Outcome): Promise<Outcome> {
    if (outcome.kind !== 'signal') return outcome
    const wait_ms = STOP_SIGNALS.includes(outcome.signal) ? SAME_STOP_MS : 0
    return (await this.#bound.beginsWithin(wait_ms)) ? { kind: 'released', cause: 'stop signal' } : outcome
  }

  async #settle(job: Job, outcome: Outcome, run_ms: number | null): Promise<Claimed | null> {
    const answer = await settleRun(this.#store, {
      job,
      outcome,
      run_ms,
      worker: { id: this.#setup.id, host: this.#host },
      next: () => (this.#bound.stopping ? null : this.#claimParams()),
      bound: this.#bound,
      on_late: ({ state, next }) => {
        this.#close(job, state !== null)
        this.#giveBack(next)
      },
      on_trouble: (message) => this.#link.send({ type: 'trouble', message }),
    })
    if (answer === null) {
      this.#unsettled.add(job.run_token ?? '')
      return null
    }
    this.#close(job, answer.state !== null)
    const { cause, run_outcome, delay_ms, state } = answer.settlement
    if (run_outcome === 'released' && run_ms !== null) this.released++
    const event = answer.state === null ? 'lost' : eventOf(answer.state, run_outcome)
    this.#report(job, event, cause, run_ms, state === 'pending' ? delay_ms : null)
    return answer.next
  }

  /** The end of a run is on record. A run that was taken over leaves its traces to whoever took it. */
  #close({ run_token }: Job, own: boolean): void {
    this.#unsettled.delete(run_token ?? '')
    if (own) this.#traces.forget(run_token ?? '')
  }

  #endRuns(outcome: Parameters<RunHandle['end']>[0], patience_ms: number): void {
    for (const { handle } of this.#runs.values()) {
      if (handle.end(outcome, patience_ms)) this.killed++
    }
  }

  #claimParams(): ClaimParams {
    const { id, queues } = this.#setup
    const { lease_ms } = this.#store.info.shared ? TIMING.shared : TIMING.local
    return { worker_id: id, host: this.#host, token: newToken(), queues, lease_ms }
  }

  #report(
    job: Job,
    event: RunNews['event'],
    cause: string | null,
    run_ms: number | null,
    retry_ms: number | null,
  ): void {
    const { id, runs: run } = job
    // A command may be 64 KiB long: it is told once.
    const command = event === 'started' ? job.command : ''
    const token = job.run_token ?? ''
    const news = { id, run, token, command, worker: this.#setup.id, event, cause, run_ms, retry_ms }
    this.#link.send({ type: 'news', news })
  }
}

function eventOf(state: Job['state'], outcome: string): RunNews['event'] {
  if (state === 'pending') return outcome === 'failed' ? 'retry' : 'released'
  return state === 'processing' ? 'lost' : state
}
