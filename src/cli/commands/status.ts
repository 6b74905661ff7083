import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `status`. */
export function define(command: Command, context: Context): void {
  command
    .summary('show how the queue is doing')
    .description('Shows jobs by state, throughput of the last minutes, the oldest ready job, and the workers.')
    .option('--by-queue', 'counts of each queue too')
    .option('-w, --watch', 'stay and show again whenever something changes')
    .addHelpText('after', '\nExample:\n  $ queuectl status --by-queue')
    .action(async (options: { byQueue?: boolean; watch?: boolean }) => {
      const { status } = await import('../jobs/status.ts')
      await status(context, options)
    })
}
