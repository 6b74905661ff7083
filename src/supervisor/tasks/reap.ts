import type { SupervisorTask } from '../parts.ts'

/**
 * Recovers runs whose owner died or went silent, once this supervisor is in the registry: others must be able to find
 * the holder of the jobs that it fences.
 */
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
