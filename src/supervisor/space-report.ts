import type { LowSpace } from '../domain/processes.ts'
import type { LiveSettings } from '../domain/settings.ts'
import { SpaceWatch } from '../platform/space.ts'
import type { Report } from './events.ts'

/** Reports when the workers of this host start no jobs for lack of disk space, and when they start jobs again. */
export class SpaceReport {
  readonly #watch: SpaceWatch
  readonly #report: Report
  #reported = false

  constructor(paths: readonly string[], settings: LiveSettings, report: Report) {
    this.#watch = new SpaceWatch(paths, settings)
    this.#report = report
  }

  /** The current shortage; null: there is enough space. Reports a change. */
  check(): LowSpace | null {
    const { low } = this.#watch
    if (low !== null && !this.#reported) this.#report({ event: 'low_space', ...low })
    if (low === null && this.#reported) this.#report({ event: 'enough_space' })
    this.#reported = low !== null
    return low
  }
}
