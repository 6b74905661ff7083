/** Beats, leases and bounds, in milliseconds. A store shared by hosts is further away and has clocks to doubt. */
export interface Timing {
  beat_ms: number
  lease_ms: number
  reap_ms: number
}

export const TIMING: Readonly<Record<'local' | 'shared', Timing>> = {
  local: { beat_ms: 2_000, lease_ms: 20_000, reap_ms: 2_000 },
  shared: { beat_ms: 5_000, lease_ms: 30_000, reap_ms: 5_000 },
}

/** An owner whose beat has not changed for this long, by the reaper's own monotonic clock, is silent (R9). */
export const SILENT_MS = 20_000

/** A worker that does not answer pings for this long is killed (R2). */
export const UNANSWERED_MS = 15_000

/** A forked worker that is not ready by then is killed and replaced. */
export const READY_MS = 15_000

/** After SIGTERM a job's tree gets this long before SIGKILL. */
export const TERM_MS = 5_000

/** Safety net under the wake-up hints. */
export const POLL_MS = 1_000
