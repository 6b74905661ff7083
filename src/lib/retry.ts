import { sleep } from './clock.ts'

/** Pauses between tries: each is `growth` times as long as the one before, at most `longest_ms`. */
export interface Pauses {
  first_ms: number
  longest_ms: number
  growth: number
  /** The random part of each pause, from 0 to 1: callers that failed together must not retry together. */
  scatter: number
}

/** The result of a try that requests another one. */
export const AGAIN = Symbol('again')

/**
 * Calls `work` until it returns anything but `AGAIN`. `signal` cuts the pauses in between short; it is called for
 * before the first pause. `work` receives the length of the next possible pause, in milliseconds. Throws what `work`
 * throws.
 */
export async function retry<T>(
  work: (pause_ms: number) => T | typeof AGAIN | Promise<T | typeof AGAIN>,
  { first_ms, longest_ms, growth, scatter }: Pauses,
  signal?: () => AbortSignal,
): Promise<T> {
  for (let pause = first_ms; ; pause = Math.min(pause * growth, longest_ms)) {
    const result = await work(pause)
    if (result !== AGAIN) return result
    await sleep(pause * (1 - scatter * Math.random()), signal?.())
  }
}
