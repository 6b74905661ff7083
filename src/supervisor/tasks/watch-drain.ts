import { POLL_MS } from '../../domain/timing.ts'
import { STOP } from '../escalation.ts'
import type { SupervisorTask } from '../parts.ts'
import { HINT_MS } from '../periodic-task.ts'
import { BEAT } from './beat.ts'

/** Stops a supervisor that was started to drain its queues, when they are. */
export const WATCH_DRAIN: SupervisorTask = {
  name: 'watch the drain',
  every_ms: POLL_MS,
  when: ({ options, shutdown }) => options.drain && !shutdown.begun,
  hurry: ({ pool }) => (pool.all_idle ? HINT_MS : null),
  async work({ drain, shutdown, tasks }) {
    const cause = await drain.look()
    if (cause === null) return
    shutdown.ask(STOP.graceful, cause)
    // At once, lest workers take what comes meanwhile.
    if (shutdown.advance()) tasks.hasten(BEAT)
  },
}
