import type { Command } from 'commander'
import { JOB_STATES, JOB_VIEWS } from '../../domain/job.ts'
import type { Context } from '../context.ts'
import type { ListOptions } from '../jobs/list.ts'

/** `list`. */
export function define(command: Command, context: Context): void {
  command
    .summary('list jobs')
    .description('Lists jobs page by page, the newest first.')
    .option('--state <state>', `${JOB_STATES.join(', ')}; or ${JOB_VIEWS.join(', ')} (= failed)`)
    .option('--queue <name>', 'only jobs of this queue')
    .option('--search <text>', 'only jobs with this text in ID or command')
    .option(
      '--sort <order>',
      'newest, oldest, due (by next run), order (in which they run), finished (latest first)',
      'newest',
    )
    .option('--limit <n>', 'jobs on a page', '50')
    .option('--after <id>', 'continue after this job ID (the last of the previous page)')
    .option('--wide', 'show whole commands')
    .addHelpText('after', '\nExample:\n  $ queuectl list --state pending --queue mail --limit 20')
    .action(async (options: ListOptions) => {
      const { list } = await import('../jobs/list.ts')
      await list(context, options)
    })
}
