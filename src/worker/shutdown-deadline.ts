import type { Outcome } from '../domain/outcome.ts'
import { STOP_CALL_MS } from '../domain/timing.ts'
import { sleep } from '../lib/clock.ts'

/**
 * Signals by which an init stops a service. A signal may reach a job before it reaches us, by `SAME_STOP_MS` at most,
 * on a busy machine too. The price: a job that dies of such a signal by itself stays that long in its slot, before its
 * end is recorded.
 */
const STOP_SIGNALS: readonly string[] = ['SIGTERM', 'SIGINT', 'SIGHUP']
const SAME_STOP_MS = 500

/**
 * Lets store calls take as long as they need until a stop begins, and `STOP_CALL_MS` (2 s) from then on. (A race
 * against one long-lived "stopping" promise would do the same, but leak a reaction for each call.)
 */
export class ShutdownDeadline {
  #stopping = false
  readonly #begun = new AbortController()
  readonly #waiting = new Set<() => void>()

  get stopping(): boolean {
    return this.#stopping
  }

  /**
   * An init that stops a service signals all of its processes: a job that dies of that signal was stopped, it did not
   * fail (R6).
   */
  async excuse(outcome: Outcome): Promise<Outcome> {
    if (outcome.kind !== 'signal') return outcome
    await sleep(STOP_SIGNALS.includes(outcome.signal) ? SAME_STOP_MS : 0, this.#begun.signal)
    return this.#stopping ? { kind: 'released', cause: 'stop signal' } : outcome
  }

  /** The stop begins: calls in flight have 2 s more. */
  begin(): void {
    if (this.#stopping) return
    this.#stopping = true
    this.#begun.abort()
    const giveUp = [...this.#waiting]
    setTimeout(() => giveUp.forEach((give) => void give()), STOP_CALL_MS)
  }

  /**
   * Returns the answer of `call`, or null when a stop could not wait for it; an answer that comes later goes to
   * `on_late`. Rejects as `call` does.
   */
  wait<T>(call: Promise<T>, on_late: (answer: T) => void): Promise<T | null> {
    return new Promise((resolve, reject) => {
      let given_up = false
      const giveUp = () => {
        given_up = true
        resolve(null)
      }
      const timer = this.#stopping ? setTimeout(giveUp, STOP_CALL_MS) : null
      const settle = () => {
        this.#waiting.delete(giveUp)
        if (timer !== null) clearTimeout(timer)
      }
      if (timer === null) this.#waiting.add(giveUp)
      call.then((answer) => (given_up ? on_late(answer) : resolve(answer)), reject).finally(settle)
    })
  }
}
