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
  let changed = false
  let wake = () => {}
  const on_change = () => {
    changed = true
    wake()
  }
  const watch = store.watch({ on_change })
  signal?.addEventListener('abort', on_change)
  return {
    async next() {
      if (!changed && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, at_most_ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      changed = false
    },
    close() {
      watch.close()
      signal?.removeEventListener('abort', on_change)
    },
  }
}
