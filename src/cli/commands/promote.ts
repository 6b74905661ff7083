import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `promote`. */
export function define(command: Command, context: Context): void {
  command
    .summary('make waiting jobs ready now')
    .description('Makes jobs ready now that wait for their time or for a retry.')
    .argument('<ids...>', 'job IDs; on a terminal, prefixes too')
    .addHelpText('after', '\nExample:\n  $ queuectl promote job1 job2')
    .action(async (texts: string[]) => {
      const { promote } = await import('../jobs/promote.ts')
      await promote(context, texts)
    })
}
