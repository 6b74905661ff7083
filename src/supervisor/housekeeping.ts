import { effectiveSettings, type Settings } from '../domain/settings.ts'
import { LogSweep } from '../logs/log-sweep.ts'
import { purgeJobs } from '../logs/purge-jobs.ts'
import type { JobStore } from '../store/port.ts'

/** What housekeeping hears and asks. */
export interface HouseRules {
  /** Hears the settings at each look. */
  on_look: (config: Settings) => void
  /** Whether there is time for it. */
  goes_on: () => boolean
}

/** Keeps the settings fresh, and removes jobs that were kept for long enough, with logs that nobody can ask for any more. */
export class Housekeeping {
  readonly #store: JobStore
  readonly #rules: HouseRules
  readonly #logs: LogSweep
  /** The settings as they were at the last look. */
  config: Settings

  constructor(store: JobStore, config: Settings, rules: HouseRules) {
    this.#store = store
    this.#rules = rules
    this.#logs = new LogSweep(store)
    this.config = config
  }

  async pass(): Promise<void> {
    this.config = effectiveSettings(await this.#store.config())
    this.#rules.on_look(this.config)
    const { retention } = this.config
    if (retention !== null) {
      const expired = { states: ['completed', 'cancelled'], older_than_ms: retention * 1000 } as const
      await purgeJobs(this.#store, expired, this.#rules.goes_on)
    }
    if (this.#rules.goes_on()) await this.#logs.pass()
  }
}
