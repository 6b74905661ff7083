import type { Command } from 'commander'
import type { Context } from '../context.ts'

interface Options {
  state?: string
  queue?: string
  olderThan?: string
  yes?: boolean
}

/** `purge`. */
export function define(command: Command, context: Context): void {
  command
    .summary('remove finished jobs and their logs')
    .description(
      'Permanently removes completed, cancelled or dead jobs with their runs and logs. Asks first on a terminal.',
    )
    .requiredOption('--state <states>', 'completed, cancelled, dead; separated by commas')
    .option('--older-than <time>', 'only jobs that finished at least this long ago: 2h, 7d')
    .option('--queue <name>', 'only jobs of this queue')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ queuectl purge --state completed --older-than 7d')
    .action(async (options: Options) => {
      const [{ finalStates, queueName }, { purge }] = await Promise.all([
        import('../arguments.ts'),
        import('../jobs/purge.ts'),
      ])
      await purge(context, {
        ...options,
        states: finalStates(options.state ?? ''),
        queue: queueName(options.queue),
      })
    })
}
