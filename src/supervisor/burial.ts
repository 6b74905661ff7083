import type { Outcome } from '../domain/lifecycle.ts'
import type { Fleet } from './fleet.ts'
import type { Member } from './member.ts'
import type { Reaper } from './reaper.ts'

/** Looks after what dead workers leave behind: their runs are recovered at once. */
export class Burial {
  readonly #fleet: Fleet
  readonly #reaper: Reaper
  readonly #stop: () => 'none' | 'stopping' | 'overdue'
  #waiting: Member[] = []
  /** Ids of workers that were looked after. */
  readonly buried: string[] = []
  /** Runs that were given back because their worker did not end in time. */
  released = 0

  /** `stop` tells whether a stop is on its way, and whether its time is over: what a death then means (R6). */
  constructor(fleet: Fleet, reaper: Reaper, stop: () => 'none' | 'stopping' | 'overdue') {
    this.#fleet = fleet
    this.#reaper = reaper
    this.#stop = stop
  }

  get pending(): boolean {
    return this.#waiting.length > 0 || this.#fleet.has_ended
  }

  /** Ids of workers that died and are not buried: still this supervisor's to look after. */
  get ids(): string[] {
    return this.#waiting.map(({ id }) => id)
  }

  async perform(): Promise<void> {
    this.#waiting.push(...this.#fleet.takeEnded())
    for (const member of [...this.#waiting]) {
      const outcome = this.#outcome(member)
      const settled = await this.#reaper.recoverOwner(member, outcome)
      if (outcome.kind === 'released' && !member.ended?.clean) this.released += settled
      this.#waiting.splice(this.#waiting.indexOf(member), 1)
      this.buried.push(member.id)
    }
  }

  #outcome(member: Member): Outcome {
    // Its runs have ended, with their results on disk; what is left was claimed and never begun.
    if (member.ended?.clean) return { kind: 'released', cause: 'not started' }
    const stop = this.#stop()
    if (stop === 'overdue') return { kind: 'released', cause: 'end of grace' }
    // An init that stops a service signals every process of it, workers included.
    if (stop === 'stopping' && member.ended?.signaled) return { kind: 'released', cause: 'stop signal' }
    return { kind: 'interrupted', cause: 'worker died' }
  }
}
