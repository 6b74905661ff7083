import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `show`. */
export function define(command: Command, context: Context): void {
  command
    .summary('show one job in detail')
    .description('Shows one job in detail, with its runs and the last lines of their output.')
    .argument('<id>', 'the job’s ID or a prefix of it')
    .addHelpText('after', '\nExample:\n  $ queuectl show job1')
    .action(async (text: string) => {
      const [{ findJob }, { showJob }] = await Promise.all([import('../jobs/find-job.ts'), import('../jobs/show.ts')])
      const store = await context.store()
      await showJob(context, store, await findJob(store, text))
    })
}
