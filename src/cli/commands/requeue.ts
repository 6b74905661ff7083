import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `requeue`. */
export function define(command: Command, context: Context): void {
  command
    .summary('run finished jobs again')
    .description(
      'Makes dead, cancelled or completed jobs pending again, ready now; attempts and interruptions start from 0.',
    )
    .argument('<ids...>', 'job IDs; on a terminal, prefixes too')
    .addHelpText('after', '\nExample:\n  $ queuectl requeue job1 job2')
    .action(async (texts: string[]) => {
      const { requeue } = await import('../jobs/requeue.ts')
      await requeue(context, texts)
    })
}
