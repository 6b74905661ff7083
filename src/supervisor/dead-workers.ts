import type { Outcome } from '../domain/outcome.ts'
import type { ControlResult } from '../domain/processes.ts'
import type { Fleet } from './pool.ts'
import type { Reaper } from './reaper.ts'
import type { Member } from './worker-process.ts'

/** Looks after what dead workers leave behind: their runs are recovered at once. */
export class Burial {
  readonly #fleet: Fleet
  readonly #reaper: Reaper
  readonly #stop: () => 'none' | 'stopping' | 'overdue'
  #waiting: Member[] = []
  /** Workers that were looked after, by id: what their end came to. */
  readonly buried = new Map<string, ControlResult>()
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

  /** What the end of that worker came to; null as long as it lives or its runs are not looked after. */
  endOf(id: string): ControlResult | null {
    const lives = this.#fleet.has_ended || [...this.#fleet.members, ...this.#waiting].some((member) => member.id === id)
    return lives ? null : (this.buried.get(id) ?? { killed: 0, released: 0 })
  }

  /** What nobody could prove gone so far: workers, and jobs with a run that cannot be ended (R4). */
  get left(): { id: string; reason: string }[] {
    const living = this.#fleet.members.map(({ id }) => ({ id, reason: 'the worker does not end' }))
    const unsettled = this.#waiting.map(({ id }) => ({
      id,
      reason: 'the worker has ended, and its runs are not settled',
    }))
    const stuck = [...this.#reaper.stuck].map(([id, reason]) => ({ id, reason }))
    return [...living, ...unsettled, ...stuck]
  }

  async perform(): Promise<void> {
    this.#waiting.push(...this.#fleet.takeEnded())
    for (const member of [...this.#waiting]) {
      const outcome = this.#outcome(member)
      const settled = await this.#reaper.recoverOwner(member, outcome).catch(async (error) => {
        // Its runs have lost the one that would end them before their leases do.
        await this.#reaper.endRuns(
          member,
          member.jobs.map(({ token }) => token),
        )
        throw error
      })
      const released = outcome.kind === 'released' && !member.ended?.clean ? settled : 0
      this.released += released
      this.#waiting.splice(this.#waiting.indexOf(member), 1)
      const { killed, released: given_back } = member.bye ?? { killed: 0, released: 0 }
      this.buried.set(member.id, { killed: killed + released, released: given_back })
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
