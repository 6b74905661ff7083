import { monotonic } from '../../src/platform/clock.ts'

/**
 * What `fact` returns as soon as it is neither null nor undefined nor false, asked every 10 ms, or `every` so many. Throws, naming
 * `what`, when that takes longer than `within` milliseconds.
 */
export async function waitFor<T>(
  fact: () => T | Promise<T>,
  { within, what, every = 10 }: { within: number; what: string | (() => Promise<string>); every?: number },
): Promise<Exclude<T, null | undefined | false>> {
  const until = monotonic() + within
  for (;;) {
    // Before it is asked: who was held up between its last look and the clock would have missed what came meanwhile.
    const is_late = monotonic() > until
    const found = await fact()
    if (found !== null && found !== undefined && found !== false) return found as Exclude<T, null | undefined | false>
    if (is_late) throw new Error(`not within ${within} ms: ${typeof what === 'string' ? what : await what()}`)
    await new Promise((resolve) => setTimeout(resolve, every))
  }
}
