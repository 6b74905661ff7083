import { Sleeper } from '../../lib/async.ts'
import type { JobStore } from '../../store/port.ts'

/** Events may be missed, so the store is read again after this time at the latest. */
const POLL_MS = 250

export interface Ticker {
  /** Resolves when something may have changed: at once if it did since the last call, or if `signal` is aborted. */
  next(): Promise<void>
  close(): void
}

/** Signals when to read the store again: after a change, and at the latest after `at_most_ms`. */
export function openTicker(store: JobStore, signal: AbortSignal | null = null, at_most_ms = POLL_MS): Ticker {
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
