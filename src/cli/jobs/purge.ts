import type { JobState } from '../../domain/job.ts'
import { removeLogs } from '../../lib/fs.ts'
import type { JobStore } from '../../store/port.ts'

/** Jobs removed in one write: more would hold up the workers. */
const BATCH = 500

/** Removes ended jobs with their runs and logs. Returns how many jobs. `older_than_ms` is since they ended. */
export async function purge(
  store: JobStore,
  params: { states: readonly JobState[]; older_than_ms: number; queue?: string },
): Promise<number> {
  let total = 0
  for (;;) {
    const { jobs, tokens } = await store.purge({ ...params, limit: BATCH })
    await removeLogs(store.info.folder, tokens)
    total += jobs
    if (jobs < BATCH) return total
  }
}
