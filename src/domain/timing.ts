/** Heartbeats, leases and limits, in milliseconds. A store shared by hosts is further away, and clocks may differ. */
export interface Timing {
  beat_ms: number
  lease_ms: number
  reap_ms: number
}

const LOCAL: Timing = { beat_ms: 2_000, lease_ms: 20_000, reap_ms: 2_000 }
const SHARED: Timing = { beat_ms: 5_000, lease_ms: 30_000, reap_ms: 2_000 }

/**
 * The timing for a shared store, or for a store of this host alone. `lease`: the setting, in seconds. It applies to
 * shared stores only, since nothing separates a process from its own disk.
 */
export function timingOf(shared: boolean, lease: number | null = null): Timing {
  if (!shared) return LOCAL
  return lease === null ? SHARED : { ...SHARED, lease_ms: lease * 1000 }
}

/**
 * A holder that cannot renew its lease ends its run this long before the lease expires: SIGTERM at the first time,
 * SIGKILL at the second. Both are half a second earlier than promised (10 s and 5 s), because the end of a process tree
 * may take that long.
 */
export const FENCE_MS = { term: 10_500, kill: 5_500 } as const

/** After an outage every process must be heard from again before silence means anything (R9). */
export const CONTACT_MS = 10_000

const SILENT_MS = 20_000

/**
 * Whether a process without any sign of life for `quiet_ms` counts as silent. A reaper measures by its own monotonic
 * clock (R9). A view has only the heartbeat's time by the store's clock, and allows more time for a `shared` store.
 */
export function isSilent(quiet_ms: number, { shared = false } = {}): boolean {
  return quiet_ms > (shared ? SHARED.lease_ms : SILENT_MS)
}

/** Limit for a store call during a stop (R8). */
export const STOP_CALL_MS = 2_000

/** A worker that answers no ping for this long is killed (R2). */
export const UNANSWERED_MS = 15_000

/** A forked worker that is not ready after this time is killed and replaced. */
export const READY_MS = 15_000

/**
 * SIGKILL is certain but not instant, since a process in a system call exits when the call returns. After this time it
 * is either gone or stuck.
 */
export const DEATH_MS = 2_000

/** The time a stop may take beyond the grace (R8), as may a worker whose supervisor has died (R2). */
export const BEYOND_GRACE_MS = 10_000

/** Samples of resource use are kept for an hour. */
export const SAMPLES_KEPT_MS = 3_600_000

/** After SIGTERM a job's tree gets this long before SIGKILL. */
export const TERM_MS = 5_000

/** Poll interval, the safety net under the wake-up hints. */
export const POLL_MS = 1_000
