import { POLL_MS } from '../domain/timing.ts'
import { monotonic } from '../lib/clock.ts'
import type { Member } from './worker-process.ts'

/** So many workers may each look for work once a second. */
const CROWD = 8
/** So many of a larger crowd look each second: two, in case that one hangs. */
const LOOKERS = 2
/** A crowd is told of news so often at most: a bulk of jobs is news for each of them, and who finds one passes it on. */
const APART_MS = 20
const LONGEST_POLL_MS = 30 * POLL_MS

/** After how long one of `count` workers looks for work that nobody told it of. */
export function pollMs(count: number): number {
  return count > CROWD ? LONGEST_POLL_MS : POLL_MS
}

type Told = Pick<Member, 'free' | 'patient' | 'nudged_at' | 'nudge'>

/**
 * Tells workers to look for work, one for each piece of news and one for each job that is found: all at once they would be in each
 * other's way, and eight that ask MongoDB for a single job get it three times as late as one.
 */
export class Nudging {
  readonly #members: () => readonly Told[]
  #told_at = Number.NEGATIVE_INFINITY
  #later: NodeJS.Timeout | undefined

  constructor(members: () => readonly Told[]) {
    this.#members = members
  }

  /** There may be new work. */
  news(): void {
    const wait_ms = this.#members().length > CROWD ? this.#told_at + APART_MS - monotonic() : 0
    if (wait_ms <= 0) this.#tell()
    else this.#later ??= setTimeout(() => this.#tell(), wait_ms).unref()
  }

  /** `finder` has found work: there may be more. With none free the busy ones are told: one that ends may have looked before. */
  found(finder: Told): void {
    const members = this.#members()
    if (tell(1, members) === 0) for (const member of members) if (member !== finder) member.nudge()
  }

  /** Once a second, in case that there was no news of something: those that look rarely by themselves. */
  look(): void {
    const those = this.#members().filter(({ patient }) => patient)
    tell(LOOKERS, those)
  }

  /** One of those that are free. With hardly any, the busy ones too: they look by themselves, but may just have done so. */
  #tell(): void {
    clearTimeout(this.#later)
    this.#later = undefined
    this.#told_at = monotonic()
    const members = this.#members()
    if (tell(1, members) < LOOKERS) for (const member of members) if (!member.free) member.nudge()
  }
}

/**
 * Tells `count` that are free, those first that were told the longest ago: the last ones may be on their way, or hang. Returns how many
 * are free.
 */
function tell(count: number, members: readonly Told[]): number {
  const free = members.filter((member) => member.free).sort((a, b) => a.nudged_at - b.nudged_at)
  for (const member of free.slice(0, count)) member.nudge()
  return free.length
}
