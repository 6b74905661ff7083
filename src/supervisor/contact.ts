import { EXIT, QueuectlError } from '../domain/errors.ts'
import { CONTACT_MS } from '../domain/timing.ts'
import { monotonic } from '../lib/clock.ts'

/**
 * How long the store has been in reach without a break. After an outage everybody's leases have run out, holders that are well
 * included: they are given time to be heard (R9).
 */
export class Contact {
  #since: number | null = monotonic()

  get steady(): boolean {
    return this.#since !== null && monotonic() - this.#since >= CONTACT_MS
  }

  /** The store has answered. */
  made(): void {
    this.#since ??= monotonic()
  }

  /** Something went wrong: whether it was the store that could not be reached. */
  trouble(error: Error): void {
    if (error instanceof QueuectlError && error.exit_code === EXIT.unreachable) this.#since = null
  }

  /** This process was away itself. */
  again(): void {
    if (this.#since !== null) this.#since = monotonic()
  }
}
