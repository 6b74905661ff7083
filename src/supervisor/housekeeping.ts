import { effectiveSettings, type Settings } from '../domain/settings.ts'
import { LogSweep } from '../logs/log-sweep.ts'
import { purgeJobs } from '../logs/purge-jobs.ts'
import type { JobStore } from '../store/port.ts'

/** What housekeeping hears and asks. */
export interface HouseRules {
  /** The settings were read again. */
  on_settings: () => void
  /** Whether there is time for it. */
  goes_on: () => boolean
}

/** Keeps the settings fresh, and removes jobs that were kept for long enough, with logs that nobody can ask for any more. */
export class Housekeeping {
  readonly #store: JobStore
  readonly #rules: HouseRules
  readonly #logs: LogSweep
  readonly #settings: Settings

  /** `settings`: kept fresh in place. */
  constructor(store: JobStore, settings: Settings, rules: HouseRules) {
    this.#store = store
    this.#rules = rules
    this.#logs = new LogSweep(store)
    this.#settings = settings
  }

  async pass(): Promise<void> {
    Object.assign(this.#settings, effectiveSettings(await this.#store.config()))
    this.#rules.on_settings()
    const { retention } = this.#settings
    if (retention !== null) {
      const expired = { states: ['completed', 'cancelled'], older_than_ms: retention * 1000 } as const
      await purgeJobs(this.#store, expired, this.#rules.goes_on)
    }
    if (this.#rules.goes_on()) await this.#logs.pass()
  }
}
