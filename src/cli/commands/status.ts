import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `status`. */
export function define(command: Command, context: Context): void {
  command
    .summary('show how the queue is doing')
    .description('Shows jobs by state, the throughput of the last minutes, the oldest ready job, and the workers.')
    .option('--by-queue', 'also show the counts of each queue')
    .option('-w, --watch', 'update the view when something changes, until Ctrl-C')
    .addHelpText('after', '\nExample:\n  $ queuectl status --by-queue')
    .action(async (options: { byQueue?: boolean; watch?: boolean }) => {
      const { status } = await import('../jobs/status.ts')
      await status(context, options)
    })
}
