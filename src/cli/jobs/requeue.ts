import type { Context } from '../context.ts'
import { idsToChange } from './find-job.ts'
import { reportChanges } from './report-changes.ts'

/**
 * `requeue`: runs finished jobs again. Throws `not_found` (3) and `wrong_state` (1) for jobs that it did not change.
 */
export async function requeue(context: Context, texts: readonly string[]): Promise<void> {
  const store = await context.store()
  const changes = await store.requeue({ ids: await idsToChange(context, store, texts) })
  reportChanges(context, store, changes, {
    done: 'requeued',
    rule: 'only dead, cancelled and completed jobs can be requeued',
  })
}
