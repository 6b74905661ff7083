import type { Command } from 'commander'
import { JOB_STATES, JOB_VIEWS } from '../../domain/job.ts'
import type { Context } from '../context.ts'
import type { ListOptions } from '../jobs/list.ts'

/** `list`. */
export function define(command: Command, context: Context): void {
  command
    .summary('list jobs')
    .description('Lists jobs, the newest first, a page at a time.')
    .option('--state <state>', `${JOB_STATES.join(', ')}; or ${JOB_VIEWS.join(', ')} (= failed)`)
    .option('--queue <name>', 'only of this queue')
    .option('--search <text>', 'only with this text in id or command')
    .option(
      '--sort <order>',
      'newest, oldest, due (next run), order (as they will be run), finished (last ended first)',
      'newest',
    )
    .option('--limit <n>', 'jobs on a page', '50')
    .option('--after <id>', 'the page behind this job: the last one of the page before')
    .option('--wide', 'whole commands')
    .addHelpText('after', '\nExample:\n  $ queuectl list --state pending --queue mail --limit 20')
    .action(async (options: ListOptions) => {
      const { list } = await import('../jobs/list.ts')
      await list(context, options)
    })
}
