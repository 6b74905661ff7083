import type { LowSpace } from '../domain/processes.ts'
import type { LiveSettings } from '../domain/settings.ts'
import { SpaceWatch } from '../platform/space.ts'
import type { Tell } from './events.ts'

/** Tells when the workers of this host start no job for lack of space, and when they do again. */
export class SpaceReport {
  readonly #watch: SpaceWatch
  readonly #tell: Tell
  #told = false

  constructor(paths: readonly string[], settings: LiveSettings, tell: Tell) {
    this.#watch = new SpaceWatch(paths, settings)
    this.#tell = tell
  }

  /** How it is now; null: there is enough. */
  look(): LowSpace | null {
    const { low } = this.#watch
    if (low !== null && !this.#told) this.#tell({ event: 'low_space', ...low })
    if (low === null && this.#told) this.#tell({ event: 'enough_space' })
    this.#told = low !== null
    return low
  }
}
