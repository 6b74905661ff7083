import { POLL_MS } from '../../domain/timing.ts'
import type { SupervisorTask } from '../parts.ts'
import { HEARTBEAT } from './beat.ts'

/** Accepts the requests of other terminals, and passes on requests to cancel. */
export const TAKE_REQUESTS: SupervisorTask = {
  name: 'take requests',
  every_ms: POLL_MS,
  async work({ pool, controls, noted, store, tasks }) {
    pool.wake_ups.poll()
    if (await controls.take()) tasks.hasten(HEARTBEAT)
    // The heartbeat returns cancel requests anyway; this is sooner, after a commit of another process.
    if (!noted.hint) return
    noted.hint = false
    const cancelled = (await store.processing()).filter((job) => job.cancel_requested_at !== null)
    const tokens = cancelled.flatMap((job) => job.run_token ?? [])
    pool.sendTokens('cancel', tokens)
  },
}
