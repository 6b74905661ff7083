import { Sleeper } from '../../lib/async.ts'
import type { JobStore } from '../../store/port.ts'

/** Hints may be missed, so one looks again after this long at the latest. */
const LOOK_AGAIN_MS = 250

export interface Ticker {
  /** Resolves when something may have changed; at once when it did since the last call, or after `signal` was aborted. */
  next(): Promise<void>
  close(): void
}

/** Tells when it is worth looking at the store again. */
export function openTicker(store: JobStore, signal: AbortSignal | null = null, at_most_ms = LOOK_AGAIN_MS): Ticker {
  const sleeper = new Sleeper()
  const on_change = () => sleeper.wake()
  const watch = store.watch({ on_change })
  signal?.addEventListener('abort', on_change)
  return {
    async next() {
      if (!signal?.aborted) await sleeper.sleep(at_most_ms)
    },
    close() {
      watch.close()
      signal?.removeEventListener('abort', on_change)
    },
  }
}
