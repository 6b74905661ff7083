import { TIMING } from '../domain/timing.ts'
import { monotonic } from '../platform/clock.ts'
import type { JobStore, Renewed } from '../store/port.ts'

/** No ping for this long and the worker renews its leases itself (R2). */
const UNHEARD_MS = 4_000
const LOOK_MS = 1_000

export interface Heartbeat {
  /** The supervisor's ping came: it renews for this worker. */
  heard(): void
  stop(): void
}

/**
 * Keeps a worker's leases alive when its supervisor does not. `tokens` tells what it holds; `on_renewed` what a renewal
 * of its own found.
 */
export function startHeartbeat(options: {
  store: JobStore
  worker_id: string
  tokens: () => string[]
  on_renewed: (renewed: Renewed) => void
  on_trouble: (message: string) => void
}): Heartbeat {
  const timing = options.store.info.shared ? TIMING.shared : TIMING.local
  let heard_at = monotonic()
  let renewed_at = 0
  let renewing = false

  const look = async () => {
    const now = monotonic()
    if (renewing || now - heard_at < UNHEARD_MS || now - renewed_at < timing.beat_ms) return
    renewing = true
    try {
      const { worker_id, store } = options
      options.on_renewed(await store.renew({ worker_id, tokens: options.tokens(), lease_ms: timing.lease_ms }))
      renewed_at = monotonic()
    } catch (error) {
      options.on_trouble(`cannot renew leases: ${(error as Error).message}`)
    } finally {
      renewing = false
    }
  }
  const timer = setInterval(look, LOOK_MS)
  return {
    heard: () => {
      heard_at = monotonic()
    },
    stop: () => clearInterval(timer),
  }
}
