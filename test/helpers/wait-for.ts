import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { IS_FULL } from './length.ts'

/**
 * How much later than promised a busy machine may reach a fact that a test waits for. To assert the promise itself use
 * `keepsTo`.
 */
const BUSY_MS = 5_000
const TRIES = 6

/**
 * The result of `fact` as soon as it is neither null nor undefined nor false, called every 10 ms, or every `every` ms.
 * Throws with `what` if that takes longer than `within` milliseconds plus the allowance for a busy machine.
 */
export async function waitFor<T>(
  fact: () => T | Promise<T>,
  { within, what, every = 10 }: { within: number; what: string | (() => Promise<string>); every?: number },
): Promise<Exclude<T, null | undefined | false>> {
  const until = monotonic() + within + BUSY_MS
  for (;;) {
    // Measured before the call: a test that was delayed calls `fact` once more.
    const late = monotonic() > until
    const found = await fact()
    if (found !== null && found !== undefined && found !== false) return found as Exclude<T, null | undefined | false>
    if (late) throw new Error(`not within ${within + BUSY_MS} ms: ${typeof what === 'string' ? what : await what()}`)
    await new Promise((resolve) => setTimeout(resolve, every))
  }
}

/** Waits until `ms` have passed. */
export function pass(ms: number): Promise<unknown> {
  const until = monotonic() + ms
  return waitFor(() => monotonic() > until, { within: ms, what: `${ms} ms` })
}

/**
 * Asserts that `measure` returns at most `bound` milliseconds. At full length that is the best of six tries; otherwise
 * one try, with the allowance for a busy machine.
 */
export async function keepsTo(bound: number, measure: () => Promise<number>): Promise<void> {
  if (IS_FULL) expect(await atBest(bound, measure), `the best of ${TRIES}`).to.be.at.most(bound)
  else expect(await measure()).to.be.at.most(bound + BUSY_MS)
}

/**
 * The shortest time that `measure` returns, as soon as one is at most `bound`: a busy machine makes a try late now and
 * then, a fault makes all of them late.
 */
export async function atBest(bound: number, measure: () => Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < TRIES && best > bound; tries++) best = Math.min(best, await measure())
  return best
}
