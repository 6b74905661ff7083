import { POLL_MS } from '../../domain/timing.ts'
import type { SupervisorTask } from '../parts.ts'

/** Recovers the runs of dead workers, at once after a death. */
export const RECOVER_DEAD: SupervisorTask = {
  name: 'recover dead workers',
  every_ms: POLL_MS,
  when: ({ dead_workers }) => dead_workers.pending,
  hurry: ({ pool }) => (pool.has_ended ? 0 : null),
  work: ({ dead_workers }) => dead_workers.perform(),
}
