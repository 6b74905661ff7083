import { sleep } from './clock.ts'

/** Pauses between tries: each `growth` times as long as the one before, at most `longest_ms`. */
export interface Pauses {
  first_ms: number
  longest_ms: number
  growth: number
  /** The part of each pause, from 0 to 1, that is left to chance: those who failed together must not come back together. */
  scatter: number
}

/** What a try returns that wants another one. */
export const AGAIN = Symbol('again')

/**
 * Calls `work` until it returns anything but `AGAIN`, with pauses in between, which the signal cuts short. `signal` is asked for before
 * the first pause. `work` hears how long the next pause may be, in milliseconds. Throws what `work` throws.
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
