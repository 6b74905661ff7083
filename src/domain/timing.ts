/** Beats, leases and bounds, in milliseconds. A store shared by hosts is further away and has clocks to doubt. */
export interface Timing {
  beat_ms: number
  lease_ms: number
  reap_ms: number
}

const LOCAL: Timing = { beat_ms: 2_000, lease_ms: 20_000, reap_ms: 2_000 }
const SHARED: Timing = { beat_ms: 5_000, lease_ms: 30_000, reap_ms: 2_000 }

/**
 * The timing for a store that hosts share, or for one of this host alone. `lease`: the setting, in seconds; it is for shared stores, since
 * nothing comes between a process and its own disk.
 */
export function timingOf(shared: boolean, lease: number | null = null): Timing {
  if (!shared) return LOCAL
  return lease === null ? SHARED : { ...SHARED, lease_ms: lease * 1000 }
}

/**
 * A holder that cannot renew ends its run this long before the lease ends: SIGTERM at the first, SIGKILL at the second. That is half a
 * second earlier than promised (10 s and 5 s), which is what the end of a process tree may take.
 */
export const FENCE_MS = { term: 10_500, kill: 5_500 } as const

/** After an outage everybody has to be heard again before a silence means anything (R9). */
export const CONTACT_MS = 10_000

const SILENT_MS = 20_000

/**
 * Whether a process is silent of which nothing was heard for `quiet_ms`. A reaper counts them by its own monotonic clock (R9); who only
 * looks has the heartbeat's time by the store's clock, which for a store that hosts `share` is given more time.
 */
export function isSilent(quiet_ms: number, { shared = false } = {}): boolean {
  return quiet_ms > (shared ? SHARED.lease_ms : SILENT_MS)
}

/** While a stop is on its way no store call may hold it up for longer (R8). */
export const STOP_CALL_MS = 2_000

/** A worker that does not answer pings for this long is killed (R2). */
export const UNANSWERED_MS = 15_000

/** A forked worker that is not ready by then is killed and replaced. */
export const READY_MS = 15_000

/** SIGKILL is certain but not instant, since a process in a system call ends when the call returns: it is gone by then, or stuck. */
export const DEATH_MS = 2_000

/** What a stop may take beyond the grace (R8), and a worker whose supervisor has died (R2). */
export const BEYOND_GRACE_MS = 10_000

/** Samples of resource use are kept for an hour. */
export const SAMPLES_KEPT_MS = 3_600_000

/** After SIGTERM a job's tree gets this long before SIGKILL. */
export const TERM_MS = 5_000

/** Safety net under the wake-up hints. */
export const POLL_MS = 1_000
