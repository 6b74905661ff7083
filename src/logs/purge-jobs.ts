import type { JobStore, PurgeParams } from '../store/port.ts'
import { removeLogs } from './log-path.ts'

/** Jobs removed in one write: more would hold up the workers. */
const BATCH = 500

/** Removes final jobs with their runs and logs, as long as `goes_on` returns true. Returns the number of jobs. */
export async function purgeJobs(
  store: JobStore,
  params: Omit<PurgeParams, 'limit'>,
  goes_on: () => boolean = () => true,
): Promise<number> {
  let total = 0
  for (let removed = BATCH; removed === BATCH && goes_on(); total += removed) {
    const { jobs, tokens } = await store.purge({ ...params, limit: BATCH })
    await removeLogs(store.info.folder, tokens)
    removed = jobs
  }
  return total
}
