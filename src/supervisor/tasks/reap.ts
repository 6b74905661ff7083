import type { SupervisorTask } from '../parts.ts'

/** Looks for runs whose owner died or fell silent, once this supervisor is on record: others must be able to look for what it takes. */
export const REAP: SupervisorTask = {
  name: 'reap',
  every_ms: ({ reap_ms }) => reap_ms,
  async work({ heartbeat, reaper, pool, dead_workers }) {
    await heartbeat.on_record
    try {
      await reaper.pass(new Set([...pool.workers.map(({ id }) => id), ...dead_workers.ids]))
    } catch (error) {
      reaper.forgive()
      throw error
    }
  },
}
