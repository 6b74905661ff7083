import { FENCE_MS, TERM_MS } from '../domain/timing.ts'
import { uptime } from '../lib/clock.ts'

const CHECK_MS = 200

/** A lease as its holder may rely on it: from when it was requested, not from when the answer came. */
interface Held {
  asked_at: number
  /** The signal that was sent to its run: none, SIGTERM or SIGKILL. */
  stage: 'held' | 'termed' | 'killed'
}

/**
 * Ends runs whose lease is about to expire without a renewal (R9): after that, another host may run the job. It uses a
 * clock that counts a machine's sleep, because the lease goes on meanwhile.
 */
export class SelfFence {
  readonly #lease_ms: number
  readonly #end: (token: string, patience_ms: number) => void
  readonly #held = new Map<string, Held>()
  readonly #timer: NodeJS.Timeout

  /** `end` must end the run of a token: SIGTERM, and SIGKILL after `patience_ms`. */
  constructor(lease_ms: number, end: (token: string, patience_ms: number) => void) {
    this.#lease_ms = lease_ms
    this.#end = end
    this.#timer = setInterval(() => this.#check(), CHECK_MS)
  }

  /**
   * Watches a run that is about to start; its lease was requested at `asked_at`. Returns false if too little of the
   * lease remains.
   */
  hold(token: string, asked_at: number): boolean {
    if (this.#left(asked_at) <= FENCE_MS.term) return false
    this.#held.set(token, { asked_at, stage: 'held' })
    return true
  }

  renewed(tokens: readonly string[], asked_at: number): void {
    for (const token of tokens) {
      const held = this.#held.get(token)
      if (held && held.asked_at < asked_at) held.asked_at = asked_at
    }
  }

  drop(token: string): void {
    this.#held.delete(token)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #left(asked_at: number): number {
    return asked_at + this.#lease_ms - uptime()
  }

  #check(): void {
    for (const [token, held] of this.#held) {
      const left = this.#left(held.asked_at)
      if (left <= FENCE_MS.kill && held.stage !== 'killed') {
        held.stage = 'killed'
        this.#end(token, 0)
      } else if (left <= FENCE_MS.term && held.stage === 'held') {
        held.stage = 'termed'
        this.#end(token, Math.min(TERM_MS, left - FENCE_MS.kill))
      }
    }
  }
}
