import { type StatsFs, statfsSync } from 'node:fs'
import path from 'node:path'
import type { LowSpace } from '../domain/processes.ts'
import type { LiveSettings } from '../domain/settings.ts'
import { monotonic } from '../lib/clock.ts'

/**
 * The file system of `file` or, if it does not exist, of the nearest existing folder above; null: the system does not
 * report it.
 */
export function fileSystemAt(file: string): StatsFs | null {
  for (let at = path.resolve(file); ; at = path.dirname(at)) {
    try {
      return statfsSync(at)
    } catch {
      if (at === path.dirname(at)) return null
    }
  }
}

/** Bytes available where `file` lies; null: the system does not report it. */
export function freeSpace(file: string): number | null {
  const found = fileSystemAt(file)
  // A file system without a size has no known limit.
  if (found === null || found.blocks === 0) return null
  return found.bavail * (found.frsize || found.bsize)
}

/** Interval of disk checks while nothing changes: short enough to stop in time, for two system calls a second. */
const LOOK_MS = 1_000

/** Watches the disks of `paths` for less free space than the setting `min_free`, in bytes; 0: no check. */
export class SpaceWatch {
  readonly #settings: Pick<LiveSettings, 'min_free'>
  readonly #paths: readonly string[]
  readonly #look: (path: string) => number | null
  #looked_at = Number.NEGATIVE_INFINITY
  #least: { path: string; free: number } | null = null

  constructor(paths: readonly string[], settings: Pick<LiveSettings, 'min_free'>, look = freeSpace) {
    this.#paths = paths
    this.#settings = settings
    this.#look = look
  }

  /** The disk with too little space; null: all have enough. */
  get low(): LowSpace | null {
    const { min_free } = this.#settings
    if (min_free === 0) return null
    if (monotonic() - this.#looked_at >= LOOK_MS) this.#refresh()
    return this.#least !== null && this.#least.free < min_free ? { ...this.#least, min_free } : null
  }

  #refresh(): void {
    this.#looked_at = monotonic()
    const known = this.#paths.flatMap((path) => {
      const free = this.#look(path)
      return free === null ? [] : [{ path, free }]
    })
    this.#least = known.sort((a, b) => a.free - b.free)[0] ?? null
  }
}
