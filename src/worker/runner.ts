import type { Job } from '../domain/job.ts'
import type { Outcome } from '../domain/outcome.ts'
import { TERM_MS } from '../domain/timing.ts'
import { alarm, monotonic, sleep } from '../lib/clock.ts'
import { type Output, openOutput } from '../logs/log-file.ts'
import { killPoint } from '../platform/kill-point.ts'
import {
  type ExitStatus,
  type Platform,
  type StartedJob,
  type Tree,
  platform as thisPlatform,
} from '../platform/platform.ts'
import type { RunJournal } from '../runs/journal.ts'

/** Processes that outlive their shell get SIGTERM, and SIGKILL this much later (R3). */
const LEFTOVER_MS = 2_000
/** The wait before the next try to end a run that cannot be ended. */
const STUCK_MS = 1_000
const LOG_CHECK_MS = 500

export interface RunRequest {
  job: Job
  token: string
  cwd: string
  env: Record<string, string>
  /** The store's folder on this host, which holds the logs. */
  folder: string
  /** Bytes. */
  log_limit: number
  journal: RunJournal
  worker_id: string
  /** Gets the output before the command starts. Its result is called, and awaited, when the run has ended. */
  watch_output?: (output: Output) => () => Promise<void>
  /** May replace the outcome before it is written to the journal. */
  judge?: (outcome: Outcome) => Promise<Outcome>
  platform?: Platform
}

/** Why a run was ended from outside. */
export type Cut = Extract<Outcome, { kind: 'cancelled' | 'released' | 'interrupted' }>

export interface RunHandle {
  readonly token: string
  readonly pid: number | null
  /** Why the run cannot be ended; null: it can (R4). */
  readonly note: string | null
  /** Resolves when the run and all its processes have ended and the result is on disk; never rejects. */
  readonly outcome: Promise<{ outcome: Outcome; run_ms: number }>
  /**
   * Ends the run: SIGTERM, and SIGKILL after `patience_ms` (0: at once). Returns false if it was ended before, or had
   * ended by itself: the first cause stays. A second call can only shorten the time until SIGKILL.
   */
  end(cut: Cut, patience_ms: number): boolean
  /** Sends SIGKILL now, whatever was requested before. */
  kill(): void
}

/** Starts one command and follows it to the end of its last process. Never throws. */
export function startRun(request: RunRequest): RunHandle {
  return new Run(request)
}

class Run implements RunHandle {
  readonly token: string
  readonly outcome: Promise<{ outcome: Outcome; run_ms: number }>
  pid: number | null = null
  note: string | null = null
  readonly #request: RunRequest
  readonly #platform: Platform
  readonly #began = monotonic()
  readonly #cut_requested = Promise.withResolvers<void>()
  readonly #hurry = new AbortController()
  readonly #alarms: (() => void)[] = []
  #start: string | null = null
  #closeOutput: () => Promise<void> = async () => {}
  /** Why we end the run; null: the shell exits, or has exited, by itself. */
  #cause: Outcome | 'killed' | null = null
  #patience_ms = LEFTOVER_MS
  /** Whether the shell has exited by itself. */
  #over = false

  constructor(request: RunRequest) {
    this.#request = request
    this.#platform = request.platform ?? thisPlatform
    this.token = request.token
    this.outcome = this.#run()
  }

  end(cut: Cut, patience_ms: number): boolean {
    return this.#cut(cut, patience_ms)
  }

  kill(): void {
    this.#cut('killed', 0)
  }

  async #run(): Promise<{ outcome: Outcome; run_ms: number }> {
    const ended = this.#outcome(await this.#runCommand())
    for (const cancel of this.#alarms) cancel()
    const run_ms = Math.round(monotonic() - this.#began)
    const outcome = (await this.#request.judge?.(ended)) ?? ended
    killPoint('ended', this.token)
    this.#keep(() => this.#request.journal.done({ token: this.token, outcome, run_ms }))
    await this.#closeOutput()
    killPoint('noted', this.token)
    return { outcome, run_ms }
  }

  /** Runs the command, from its start to the end of its last process. */
  async #runCommand(): Promise<ExitStatus> {
    const { job, cwd, env, folder, log_limit, watch_output } = this.#request
    let output: Output
    try {
      output = openOutput({ folder, token: this.token, limit: log_limit })
    } catch (error) {
      return { kind: 'error', message: (error as Error).message }
    }
    this.#closeOutput = watch_output?.(output) ?? this.#closeOutput
    const checks = setInterval(() => output.check().catch(() => {}), LOG_CHECK_MS)
    try {
      killPoint('claimed', this.token)
      const started = this.#platform.start({ command: job.command, shell: job.shell, cwd, env, output_fd: output.fd })
      if (started.pid === null) return await started.ended
      killPoint('started', this.token)
      this.#record(started.pid, started)
      const status = await this.#untilGone(started.ended)
      await output.check().catch(() => {})
      return status
    } finally {
      clearInterval(checks)
      output.close()
    }
  }

  #record(pid: number, { start, go }: StartedJob): void {
    this.pid = pid
    this.#start = start
    const { job, worker_id, journal } = this.#request
    this.#keep(() => journal.start({ token: this.token, job: job.id, run: job.runs, pid, start, worker_id }))
    go?.()
    if (job.timeout !== null) {
      this.#later(job.timeout * 1000, () => this.#cut({ kind: 'timeout', exit_code: null, signal: null }, TERM_MS))
    }
  }

  /**
   * Waits until the shell exits by itself or is to be ended, and then until none of its processes remains (R3).
   * Processes that moved to another session are included, except after a success: a daemon that is meant to stay has
   * moved on purpose.
   */
  async #untilGone(shell: Promise<ExitStatus>): Promise<ExitStatus> {
    const status = await Promise.race([shell, this.#cut_requested.promise])
    let sweep = true
    if (this.#cause === null && status) {
      this.#over = true
      sweep = status.kind !== 'exit' || status.exit_code !== 0
      if (!(await this.#platform.treeLives(this.#tree, { sweep }))) return status
    }
    for (let patience_ms = this.#patience_ms; ; patience_ms = 0) {
      const proof = await this.#platform.endTree(this.#tree, { patience_ms, sweep, hurry: this.#hurry.signal })
      this.note = proof.gone ? null : proof.reason
      if (proof.gone) return shell
      // A run is not settled without proof (R4).
      await sleep(STUCK_MS)
    }
  }

  #cut(cause: Outcome | 'killed', patience_ms: number): boolean {
    if (this.pid === null) return false
    // A shell that is a zombie has exited by itself: its exit event is about to arrive.
    if (this.#cause === null && this.#platform.has_signals) this.#over ||= this.#platform.identify(this.pid) === null
    if (this.#cause !== null || this.#over) {
      this.#later(patience_ms, () => this.#hurry.abort())
      return false
    }
    this.#cause = cause
    this.#patience_ms = patience_ms
    this.#cut_requested.resolve()
    return true
  }

  /**
   * The first cause wins, even over exit code 0: many programs exit with 0 after SIGTERM, with their work unfinished.
   */
  #outcome(status: ExitStatus): Outcome {
    const cause = this.#cause === 'killed' ? null : this.#cause
    if (cause === null) return status.kind === 'error' ? { kind: 'cannot_start', message: status.message } : status
    if (cause.kind !== 'timeout' && cause.kind !== 'cancelled') return cause
    const exit_code = status.kind === 'exit' ? status.exit_code : null
    return { kind: cause.kind, exit_code, signal: status.kind === 'signal' ? status.signal : null }
  }

  get #tree(): Tree {
    return { token: this.token, pid: this.pid, start: this.#start, watched: true }
  }

  #later(ms: number, act: () => void): void {
    if (ms <= 0) act()
    else this.#alarms.push(alarm(ms, act))
  }

  /** The journal is for recovery: a full disk must not keep the run from being settled in the ordinary way. */
  #keep(write: () => void): void {
    try {
      write()
    } catch {
      // Without an entry the token in the environment still finds the processes.
    }
  }
}
