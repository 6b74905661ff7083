import { parseDuration } from '../../domain/units.ts'
import { purgeJobs } from '../../logs/purge-jobs.ts'
import type { Context } from '../context.ts'
import { confirmed } from '../terminal/confirm.ts'

/** `purge` and `dlq purge`: asks first, removes the jobs, and prints how many. */
export async function purge(
  context: Context,
  options: {
    states: ('completed' | 'dead' | 'cancelled')[]
    queue: string | undefined
    olderThan?: string
    yes?: boolean
  },
): Promise<void> {
  const { states, queue, olderThan, yes = false } = options
  const older_than_ms = olderThan === undefined ? 0 : parseDuration(olderThan, '--older-than') * 1000
  const store = await context.store()
  const which = `${states.join(', ')} jobs${queue ? ` of queue ${queue}` : ''}${olderThan ? ` older than ${olderThan}` : ''}`
  if (!(await confirmed(context, `Permanently remove ${which}?`, yes))) {
    context.note('nothing removed')
    return
  }
  const jobs = await purgeJobs(store, { states, older_than_ms, ...(queue ? { queue } : {}) })
  if (context.json) context.outJson({ purged: jobs })
  else context.out(`${jobs} job${jobs === 1 ? '' : 's'} removed`)
}
