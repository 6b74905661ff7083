import { FENCE_MS, timingOf } from '../domain/timing.ts'
import { monotonic, uptime } from '../lib/clock.ts'
import type { JobStore, Renewed } from '../store/port.ts'

const LOOK_MS = 1_000

export interface LeaseRenewal {
  /** Beats of the supervisor reach the store: it renews for this worker. */
  heard(): void
  stop(): void
}

/**
 * Keeps a worker's leases alive when its supervisor does not: after two beats' time without one, and before a short lease makes it end
 * its runs (R2). `tokens` tells what it holds; `on_renewed` what a renewal of its own found, of which tokens, and when it was asked for
 * (milliseconds of `uptime`).
 */
export function startLeaseRenewal(options: {
  store: JobStore
  worker_id: string
  lease_ms: number
  tokens: () => string[]
  on_renewed: (renewed: Renewed, tokens: string[], asked_at: number) => void
  on_trouble: (message: string) => void
}): LeaseRenewal {
  const { worker_id, store, lease_ms } = options
  const { beat_ms } = timingOf(store.info.shared)
  const patience_ms = Math.min(2 * beat_ms, ((lease_ms - FENCE_MS.term) * 2) / 3)
  let heard_at = monotonic()
  let renewed_at = Number.NEGATIVE_INFINITY
  let renewing = false

  const look = async () => {
    const now = monotonic()
    if (renewing || now - heard_at < patience_ms || now - renewed_at < beat_ms) return
    renewing = true
    try {
      const tokens = options.tokens()
      const asked_at = uptime()
      options.on_renewed(await store.renew({ worker_id, tokens, lease_ms }), tokens, asked_at)
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
