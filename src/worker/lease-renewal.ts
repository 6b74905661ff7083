import { FENCE_MS, timingOf } from '../domain/timing.ts'
import { monotonic, uptime } from '../lib/clock.ts'
import type { JobStore, Renewed } from '../store/port.ts'

const CHECK_MS = 1_000

export interface LeaseRenewal {
  /** A heartbeat of the supervisor has reached the store, and renewed the leases of this worker. */
  heartbeat(): void
  stop(): void
}

/**
 * Renews a worker's leases when its supervisor does not: after two heartbeat intervals without one, and early enough
 * that a short lease does not end its runs (R2). `tokens` returns the leases it holds; `on_renewed` gets the result of
 * a renewal, the tokens, and when it was sent (milliseconds of `uptime`).
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
  let heartbeat_at = monotonic()
  let renewed_at = Number.NEGATIVE_INFINITY
  let renewing = false

  const check = async () => {
    const now = monotonic()
    if (renewing || now - heartbeat_at < patience_ms || now - renewed_at < beat_ms) return
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
  const timer = setInterval(check, CHECK_MS)
  return {
    heartbeat: () => {
      heartbeat_at = monotonic()
    },
    stop: () => clearInterval(timer),
  }
}
