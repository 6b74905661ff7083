import { os } from './lazy.ts'

/** Milliseconds of a clock that only moves forward and does not jump with the wall clock. */
export function monotonic(): number {
  // The same as performance.now(), which first loads a dozen Node modules.
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/**
 * Milliseconds since this machine was started, including the time it was suspended, which `monotonic` omits: promises
 * to other machines are measured by this. All processes of the machine read the same value; it advances in steps of 10.
 */
export function uptime(): number {
  return os().uptime() * 1000
}

/** setTimeout accepts 31 bits of milliseconds, and fires at once beyond that. */
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

/** Calls `ring` after `ms` milliseconds, of any size; returns a function that cancels it. */
export function alarm(ms: number, ring: () => void): () => void {
  const until = monotonic() + ms
  let timer: NodeJS.Timeout
  const set = (left: number) => {
    timer = setTimeout(() => (monotonic() < until ? set(until - monotonic()) : ring()), Math.min(left, LONGEST_MS))
  }
  set(ms)
  return () => clearTimeout(timer)
}
