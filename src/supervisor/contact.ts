import { EXIT, QueuectlError } from '../domain/errors.ts'
import { CONTACT_MS } from '../domain/timing.ts'
import { monotonic } from '../lib/clock.ts'

/**
 * How long the store has been reachable without a break. After an outage all leases have expired, those of healthy
 * holders included: they get time to renew (R9).
 */
export class Contact {
  #since: number | null = monotonic()

  get steady(): boolean {
    return this.#since !== null && monotonic() - this.#since >= CONTACT_MS
  }

  /** The store answered. */
  made(): void {
    this.#since ??= monotonic()
  }

  /** A call failed: contact is lost if `error` means that the store is unreachable. */
  trouble(error: Error): void {
    if (error instanceof QueuectlError && error.exit_code === EXIT.unreachable) this.#since = null
  }

  /** This process was suspended: start counting again. */
  again(): void {
    if (this.#since !== null) this.#since = monotonic()
  }
}
