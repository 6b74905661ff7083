import type { NotedSignal } from '../platform/signals.ts'

/** How far a stop has gone. Levels only rise. */
export const STOP = { none: 0, graceful: 1, terminate: 2, kill: 3 } as const
export type StopLevel = (typeof STOP)[keyof typeof STOP]

/** A shell, npm and a terminal may each pass on one Ctrl-C: presses closer together than this count as one. */
const SAME_PRESS_MS = 500

/**
 * The stop level that results from the signals so far and from `--force` (R8). SIGTERM and SIGHUP request a graceful
 * stop, however often they come, since `worker stop` and an init may both send one. A second SIGINT (or SIGBREAK on
 * Windows) ends the jobs, a third kills them.
 */
export class Escalation {
  level: StopLevel = STOP.none
  /** The first cause, as shown to people. */
  cause = ''
  interrupted = false
  #pressed_at = Number.NEGATIVE_INFINITY

  signal({ name, at }: NotedSignal): void {
    if (name !== 'SIGINT' && name !== 'SIGBREAK') {
      this.raise(STOP.graceful, name)
      return
    }
    const repeated = at - this.#pressed_at < SAME_PRESS_MS
    this.#pressed_at = at
    if (repeated) return
    if (this.level === STOP.none) this.interrupted = true
    this.raise(Math.min(this.level + 1, STOP.kill) as StopLevel, name === 'SIGINT' ? 'Ctrl-C' : 'Ctrl-Break')
  }

  raise(level: StopLevel, cause: string): void {
    if (level <= this.level) return
    if (this.level === STOP.none) this.cause = cause
    this.level = level
  }
}
