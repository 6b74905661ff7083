import { FENCE_MS, TERM_MS } from '../domain/timing.ts'
import { uptime } from '../lib/clock.ts'

const LOOK_MS = 200

/** A lease as its holder may count on it: from when it was asked for, not from when the answer came. */
interface Held {
  asked_at: number
  /** What was done about its end. */
  stage: 'held' | 'termed' | 'killed'
}

/**
 * Ends runs whose lease is about to end without having been renewed (R9): from then on another host may run the job. Measured by a
 * clock that counts a machine's sleep, for the lease goes on meanwhile.
 */
export class SelfFence {
  readonly #lease_ms: number
  readonly #end: (token: string, patience_ms: number) => void
  readonly #held = new Map<string, Held>()
  readonly #timer: NodeJS.Timeout

  /** `end` is to end the run of a token, by SIGTERM and `patience_ms` later SIGKILL. */
  constructor(lease_ms: number, end: (token: string, patience_ms: number) => void) {
    this.#lease_ms = lease_ms
    this.#end = end
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  /** A run is about to begin under a lease that was asked for at `asked_at`. False: too much of it is over already. */
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

  #look(): void {
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
