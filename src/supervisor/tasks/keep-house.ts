import { effectiveSettings } from '../../domain/settings.ts'
import { purgeJobs } from '../../logs/purge-jobs.ts'
import type { SupervisorTask } from '../parts.ts'

/** Reads the settings again, and removes jobs older than `retention`, and logs of jobs that no longer exist. */
export const KEEP_HOUSE: SupervisorTask = {
  name: 'keep house',
  every_ms: 60_000,
  async work({ store, settings, pool, shutdown, old_logs }) {
    Object.assign(settings, effectiveSettings(await store.config()))
    pool.send({ type: 'settings', settings })
    const goesOn = () => !shutdown.begun
    const { retention } = settings
    if (retention !== null) {
      const expired = { states: ['completed', 'cancelled'], older_than_ms: retention * 1000 } as const
      await purgeJobs(store, expired, goesOn)
    }
    if (goesOn()) await old_logs.pass()
  },
}
