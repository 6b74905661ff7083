import type { LowSpace } from '../domain/processes.ts'
import type { LiveSettings } from '../domain/settings.ts'
import { SpaceWatch } from '../platform/space.ts'
import type { Tell } from './events.ts'

/** Reports when the workers of this host start no jobs for lack of disk space, and when they start jobs again. */
export class SpaceReport {
  readonly #watch: SpaceWatch
  readonly #tell: Tell
  #reported = false

  constructor(paths: readonly string[], settings: LiveSettings, tell: Tell) {
    this.#watch = new SpaceWatch(paths, settings)
    this.#tell = tell
  }

  /** The current shortage; null: there is enough space. Reports a change. */
  check(): LowSpace | null {
    const { low } = this.#watch
    if (low !== null && !this.#reported) this.#tell({ event: 'low_space', ...low })
    if (low === null && this.#reported) this.#tell({ event: 'enough_space' })
    this.#reported = low !== null
    return low
  }
}
