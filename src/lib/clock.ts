import { os } from './lazy.ts'

/** Milliseconds of a clock that only moves forward, and does not jump with the wall clock. */
export function monotonic(): number {
  // The same as performance.now(), which loads a dozen of Node's modules first.
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/**
 * Milliseconds since this machine was started, the time that it slept included, which `monotonic` leaves out: what a promise to other
 * machines is measured by. The same for all processes of the machine; it moves in steps of 10.
 */
export function uptime(): number {
  return os().uptime() * 1000
}

/** setTimeout takes 31 bits of milliseconds and fires at once beyond. */
const LONGEST_MS = 60_000

/** Waits `ms` milliseconds, or until `signal` is aborted. Never throws. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const until = monotonic() + ms
  for (let left = ms; left > 0 && !signal?.aborted; left = until - monotonic())
    await nap(Math.min(left, LONGEST_MS), signal)
}

function nap(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}

/** Calls `ring` after `ms` milliseconds, however many they are; returns what calls it off. */
export function alarm(ms: number, ring: () => void): () => void {
  const until = monotonic() + ms
  let timer: NodeJS.Timeout
  const set = (left: number) => {
    timer = setTimeout(() => (monotonic() < until ? set(until - monotonic()) : ring()), Math.min(left, LONGEST_MS))
  }
  set(ms)
  return () => clearTimeout(timer)
}
