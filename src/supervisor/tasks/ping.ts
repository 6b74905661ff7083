import type { SupervisorTask } from '../parts.ts'

/** Pings the workers, whether the store answers or not (R2). */
export const PING: SupervisorTask = {
  name: 'ping workers',
  every_ms: ({ beat_ms }) => beat_ms,
  work: ({ heartbeat }) => heartbeat.ping(),
}
