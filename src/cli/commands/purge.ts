import type { Command } from 'commander'
import type { Context } from '../context.ts'

interface Options {
  state?: string
  queue?: string
  olderThan?: string
  yes?: boolean
}

/** Registers `purge`. */
export function registerPurge(program: Command, context: Context): void {
  program
    .command('purge')
    .summary('remove ended jobs with their logs')
    .description(
      'Removes completed, cancelled or dead jobs for good, with their runs and logs. Asks first on a terminal.',
    )
    .requiredOption('--state <states>', 'completed, cancelled, dead; several with commas')
    .option('--older-than <time>', 'only those that ended at least this long ago: 2h, 7d')
    .option('--queue <name>', 'only of this queue')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ queuectl purge --state completed --older-than 7d')
    .action(async (options: Options) => {
      const { finalStates, queueName } = await import('../arguments.ts')
      await purgeJobs(context, {
        ...options,
        states: finalStates(options.state ?? ''),
        queue: queueName(options.queue),
      })
    })
}

/** Asks, removes, and says how many; `dlq purge` does it too. */
export async function purgeJobs(
  context: Context,
  options: {
    states: ('completed' | 'dead' | 'cancelled')[]
    queue: string | undefined
    olderThan?: string
    yes?: boolean
  },
): Promise<void> {
  const [{ parseDuration }, { purge }, { confirmed }] = await Promise.all([
    import('../../domain/units.ts'),
    import('../jobs/purge.ts'),
    import('../terminal/confirm.ts'),
  ])
  const { states, queue, olderThan, yes = false } = options
  const older_than_ms = olderThan === undefined ? 0 : parseDuration(olderThan, '--older-than') * 1000
  const store = await context.store()
  const which = `${states.join(', ')} jobs${queue ? ` of queue ${queue}` : ''}${olderThan ? ` older than ${olderThan}` : ''}`
  if (!(await confirmed(context, `Remove the ${which} for good?`, yes))) {
    context.note('nothing removed')
    return
  }
  const jobs = await purge(store, { states, older_than_ms, ...(queue ? { queue } : {}) })
  if (context.json) context.outJson({ purged: jobs })
  else context.out(`${jobs} job${jobs === 1 ? '' : 's'} removed`)
}
