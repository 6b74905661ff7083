import { POLL_MS } from '../../domain/timing.ts'
import type { SupervisorTask } from '../parts.ts'
import { BEAT } from './beat.ts'

/** Takes what other terminals ask for, and passes requests to cancel on. */
export const TAKE_REQUESTS: SupervisorTask = {
  name: 'take requests',
  every_ms: POLL_MS,
  async work({ pool, controls, noted, store, tasks }) {
    pool.wake_ups.look()
    if (await controls.take()) tasks.hasten(BEAT)
    // The beat hears of cancel requests anyway; a commit of somebody else may be one.
    if (!noted.hint) return
    noted.hint = false
    const cancelled = (await store.processing()).filter((job) => job.cancel_requested_at !== null)
    const tokens = cancelled.flatMap((job) => job.run_token ?? [])
    pool.tellTokens('cancel', tokens)
  },
}
