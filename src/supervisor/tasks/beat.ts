import type { SupervisorTask } from '../parts.ts'

/** Writes the heartbeat, which renews the leases of the workers that answer (R2). */
export const HEARTBEAT: SupervisorTask = {
  name: 'heartbeat',
  every_ms: ({ beat_ms }) => beat_ms,
  async work({ heartbeat, noted, shutdown, contact }) {
    const running = noted.ready ? 'running' : 'starting'
    await heartbeat.beat(shutdown.begun ? 'stopping' : running)
    contact.made()
  },
}
