import { EXIT, invalid, QueuectlError } from '../../domain/errors.ts'
import type { Changed, JobStore } from '../../store/port.ts'
import { queueName } from '../arguments.ts'
import type { Context } from '../context.ts'
import { findJob, idsToChange } from './find-job.ts'
import { reportChanges } from './report-changes.ts'
import { showJob } from './show.ts'

/** Jobs requeued in one write. */
const BATCH = 500
const RULE = 'queuectl requeue also accepts cancelled and completed jobs'

/** `dlq show`: shows one dead job in detail. Throws `wrong_state` (1) for a job that is not dead. */
export async function showDead(context: Context, text: string): Promise<void> {
  const store = await context.store()
  const job = await findJob(store, text)
  if (job.state !== 'dead') {
    throw new QueuectlError(
      'wrong_state',
      EXIT.unsuccessful,
      `${job.id} is ${job.state}, not dead`,
      `queuectl show ${job.id} shows it`,
    )
  }
  await showJob(context, store, job)
}

/** `dlq retry`: requeues dead jobs only. */
export async function retryDead(
  context: Context,
  texts: readonly string[],
  { all = false, queue }: { all?: boolean; queue?: string },
): Promise<void> {
  if (all === texts.length > 0)
    throw invalid('name the jobs, or use --all (not both)', 'queuectl dlq list shows the dead jobs')
  if (queue !== undefined && !all) throw invalid('--queue requires --all')
  queueName(queue)
  const store = await context.store()
  const changes = all ? await retryAll(store, queue) : await retry(store, await idsToChange(context, store, texts))
  if (all && changes.length === 0) context.note('no dead jobs')
  reportChanges(context, store, changes, { done: 'requeued', rule: RULE })
}

/** Reads all ids first. Otherwise jobs that die again meanwhile could keep the loop going for ever. */
async function retryAll(store: JobStore, queue: string | undefined): Promise<Changed[]> {
  const ids: string[] = []
  for (let after: string | undefined; ; after = ids.at(-1)) {
    const page = await store.list({
      state: 'dead',
      sort: 'oldest',
      limit: BATCH,
      ...(queue === undefined ? {} : { queue }),
      ...(after === undefined ? {} : { after }),
    })
    ids.push(...page.map(({ id }) => id))
    if (page.length < BATCH) break
  }
  const changes: Changed[] = []
  for (let i = 0; i < ids.length; i += BATCH) changes.push(...(await retry(store, ids.slice(i, i + BATCH))))
  // Jobs that were retried or purged from elsewhere meanwhile do not count.
  return changes.filter(({ result }) => result === 'done')
}

/** Requeues the jobs that are still dead at the time of the write. */
function retry(store: JobStore, ids: readonly string[]): Promise<Changed[]> {
  return store.requeue({ ids, from: ['dead'] })
}
