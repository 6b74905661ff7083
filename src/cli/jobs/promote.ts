import type { Context } from '../context.ts'
import { idsToChange } from './find-job.ts'
import { reportChanges } from './report-changes.ts'

/**
 * `promote`: makes waiting jobs ready. Throws `not_found` (3) and `wrong_state` (1) for jobs that it did not change.
 */
export async function promote(context: Context, texts: readonly string[]): Promise<void> {
  const store = await context.store()
  const changes = await store.promote({ ids: await idsToChange(context, store, texts) })
  reportChanges(context, store, changes, {
    done: 'ready',
    rule: 'only jobs that wait for their time or a retry can be promoted',
  })
}
