import { POLL_MS } from '../../domain/timing.ts'
import { STOP } from '../escalation.ts'
import type { SupervisorTask } from '../parts.ts'
import { HINT_MS } from '../periodic-task.ts'
import { HEARTBEAT } from './beat.ts'

/** Stops a supervisor that was started with `--drain` when its queues are drained, or at the timeout. */
export const WATCH_DRAIN: SupervisorTask = {
  name: 'watch the drain',
  every_ms: POLL_MS,
  when: ({ options, shutdown }) => options.drain && !shutdown.begun,
  hurry: ({ pool }) => (pool.all_idle ? HINT_MS : null),
  async work({ drain, shutdown, tasks }) {
    const cause = await drain.check()
    if (cause === null) return
    shutdown.request(STOP.graceful, cause)
    // At once, so that workers claim no job that comes meanwhile.
    if (shutdown.advance()) tasks.hasten(HEARTBEAT)
  },
}
