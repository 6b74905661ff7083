import { EXIT } from '../domain/errors.ts'
import { DEATH_MS, TERM_MS } from '../domain/timing.ts'
import { monotonic } from '../lib/clock.ts'
import type { NotedSignal } from '../platform/signals.ts'
import { Escalation, STOP, type StopLevel } from './escalation.ts'
import type { Report } from './events.ts'
import type { Pool } from './pool.ts'

/** Time beyond the grace and the wait after SIGTERM, for settling the runs that ended. */
const SETTLE_MS = 2_000

/** A stop, from the request to the exit of the last worker. Bounded, whatever workers and store do (R8). */
export class Shutdown {
  readonly #request = new Escalation()
  readonly #pool: Pool
  readonly #grace_ms: number
  readonly #report: Report
  #begun = false
  /** When the remaining workers are killed, by the monotonic clock. */
  #overdue_at = Number.POSITIVE_INFINITY
  #done: StopLevel = STOP.none

  constructor(pool: Pool, grace_ms: number, report: Report) {
    this.#pool = pool
    this.#grace_ms = grace_ms
    this.#report = report
  }

  get begun(): boolean {
    return this.#begun
  }

  /** Whether a stop was requested; it may not have begun. */
  get requested(): boolean {
    return this.#request.level > STOP.none
  }

  /** The phase of the stop, which decides what the death of a worker means. */
  get phase(): 'none' | 'stopping' | 'overdue' {
    if (!this.#begun) return 'none'
    return monotonic() >= this.#overdue_at ? 'overdue' : 'stopping'
  }

  /** Whether further waiting is pointless. */
  get hopeless(): boolean {
    return monotonic() >= this.#overdue_at + DEATH_MS
  }

  /** The exit code of the program: `code`, unless jobs were killed or Ctrl-C was pressed. */
  exitCode(code: number, killed: number): number {
    if (killed > 0 && code !== EXIT.timed_out) return EXIT.unsuccessful
    return this.#request.interrupted ? EXIT.cancelled : code
  }

  signal(signal: NotedSignal): void {
    this.#request.signal(signal)
  }

  request(level: StopLevel, cause: string): void {
    this.#request.raise(level, cause)
  }

  /** Carries out what was requested since the last call. Returns whether the stop began in this call. */
  advance(): boolean {
    const { level, cause } = this.#request
    const begins = level > STOP.none && !this.#begun
    if (begins) this.#begin(cause)
    if (level > this.#done && level >= STOP.terminate) {
      const signal = level >= STOP.kill ? 'SIGKILL' : 'SIGTERM'
      this.#report({ event: 'escalated', signal })
      this.#pool.send({ type: 'end_jobs', signal })
      this.#overdue_at = Math.min(this.#overdue_at, monotonic() + TERM_MS + SETTLE_MS)
    }
    this.#done = level
    if (this.phase === 'overdue') this.#pool.kill()
    return begins
  }

  #begin(cause: string): void {
    this.#begun = true
    this.#overdue_at = monotonic() + this.#grace_ms + TERM_MS + SETTLE_MS
    const running = this.#pool.workers.reduce((sum, worker) => sum + worker.jobs.length, 0)
    this.#report({ event: 'stopping', cause, running, grace: this.#grace_ms / 1000 })
    this.#pool.drain(this.#grace_ms)
  }
}
