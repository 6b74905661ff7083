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

/** What outlives its shell is asked to end, and ended this much later (R3). */
const LEFTOVER_MS = 2_000
/** How often a run that cannot be ended is tried again. */
const STUCK_MS = 1_000
const LOG_LOOK_MS = 500

export interface RunRequest {
  job: Job
  token: string
  cwd: string
  env: Record<string, string>
  /** The store's folder on this host, for logs. */
  folder: string
  /** Bytes. */
  log_limit: number
  journal: RunJournal
  worker_id: string
  /** Hears of the output before the command starts. What it returns is called when the run has ended, and waited for. */
  watch_output?: (output: Output) => () => Promise<void>
  /** What the end of the run is to be taken for, asked before it is written down. */
  judge?: (outcome: Outcome) => Promise<Outcome>
  platform?: Platform
}

/** Why somebody else ended a run. */
export type Cut = Extract<Outcome, { kind: 'cancelled' | 'released' | 'interrupted' }>

export interface RunHandle {
  readonly token: string
  readonly pid: number | null
  /** Why the run cannot be ended, while it cannot (R4). */
  readonly note: string | null
  /** Resolves when the run and all its processes have ended and the result is on disk; never rejects. */
  readonly outcome: Promise<{ outcome: Outcome; run_ms: number }>
  /**
   * Ends the run: SIGTERM and `patience_ms` later SIGKILL, or at once. False: it was ended before, or had ended by itself; the
   * first cause stays. A second call may only hurry.
   */
  end(cut: Cut, patience_ms: number): boolean
  /** SIGKILL now, whatever was said before. */
  kill(): void
}

/** Starts one command and sees it through to the end of its last process. Never throws. */
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
  readonly #asked = Promise.withResolvers<void>()
  readonly #hurry = new AbortController()
  readonly #alarms: (() => void)[] = []
  #start: string | null = null
  #closeOutput: () => Promise<void> = async () => {}
  /** Why we end the run; null: the shell ends, or has ended, by itself. */
  #cause: Outcome | 'killed' | null = null
  #patience_ms = LEFTOVER_MS
  /** The shell has ended by itself. */
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
    const ended = this.#outcome(await this.#seeThrough())
    for (const cancel of this.#alarms) cancel()
    const run_ms = Math.round(monotonic() - this.#began)
    const outcome = (await this.#request.judge?.(ended)) ?? ended
    killPoint('ended', this.token)
    this.#keep(() => this.#request.journal.done({ token: this.token, outcome, run_ms }))
    await this.#closeOutput()
    killPoint('noted', this.token)
    return { outcome, run_ms }
  }

  /** The command from its start to the end of its last process. */
  async #seeThrough(): Promise<ExitStatus> {
    const { job, cwd, env, folder, log_limit, watch_output } = this.#request
    let output: Output
    try {
      output = openOutput({ folder, token: this.token, limit: log_limit })
    } catch (error) {
      return { kind: 'error', message: (error as Error).message }
    }
    this.#closeOutput = watch_output?.(output) ?? this.#closeOutput
    const looks = setInterval(() => output.check().catch(() => {}), LOG_LOOK_MS)
    try {
      killPoint('claimed', this.token)
      const started = this.#platform.start({ command: job.command, shell: job.shell, cwd, env, output_fd: output.fd })
      if (started.pid === null) return await started.ended
      killPoint('started', this.token)
      this.#onRecord(started.pid, started)
      const status = await this.#untilGone(started.ended)
      await output.check().catch(() => {})
      return status
    } finally {
      clearInterval(looks)
      output.close()
    }
  }

  #onRecord(pid: number, { start, go }: StartedJob): void {
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
   * Until the shell ends by itself or is to be ended, and then until none of its processes is left (R3). What moved to another
   * session is looked for too, except after a success: a daemon that is meant to stay has moved on purpose.
   */
  async #untilGone(shell: Promise<ExitStatus>): Promise<ExitStatus> {
    const status = await Promise.race([shell, this.#asked.promise])
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
      // Without proof there is no settling (R4).
      await sleep(STUCK_MS)
    }
  }

  #cut(cause: Outcome | 'killed', patience_ms: number): boolean {
    if (this.pid === null) return false
    // A shell that is a zombie has ended by itself: the news of it is on its way.
    if (this.#cause === null && this.#platform.has_signals) this.#over ||= this.#platform.identify(this.pid) === null
    if (this.#cause !== null || this.#over) {
      this.#later(patience_ms, () => this.#hurry.abort())
      return false
    }
    this.#cause = cause
    this.#patience_ms = patience_ms
    this.#asked.resolve()
    return true
  }

  /** The first cause wins, even over an exit code 0: many programs end so when they are told to, with their work undone. */
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

  /** The journal is for recovery. A full disk must not keep the run from being settled in the ordinary way. */
  #keep(write: () => void): void {
    try {
      write()
    } catch {
      // Without an entry the token in the environment still finds the processes.
    }
  }
}
