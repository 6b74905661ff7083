import { monotonic } from '../lib/clock.ts'

/**
 * Measures how long values have not changed, by this process's own monotonic clock: the wall clocks of others decide
 * nothing (R9).
 */
export class SilenceWatch {
  readonly #seen = new Map<string, { value: unknown; since: number }>()

  /** Milliseconds for which `key` has had `value`; 0 when it is new or has changed. */
  unchangedFor(key: string, value: unknown): number {
    const now = monotonic()
    const seen = this.#seen.get(key)
    if (seen !== undefined && seen.value === value) return now - seen.since
    this.#seen.set(key, { value, since: now })
    return 0
  }

  /** Starts counting again: after a suspension or an outage everybody was silent. */
  reset(): void {
    this.#seen.clear()
  }

  /** Forgets keys that are not among `keys`. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#seen.keys()) if (!keys.has(key)) this.#seen.delete(key)
  }
}
