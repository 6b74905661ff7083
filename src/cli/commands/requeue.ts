import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `requeue`. */
export function define(command: Command, context: Context): void {
  command
    .summary('run ended jobs anew')
    .description(
      'Puts dead, cancelled or completed jobs back into the queue, ready now; attempts and interruptions start from 0.',
    )
    .argument('<ids...>', 'ids; on a terminal their beginnings too')
    .addHelpText('after', '\nExample:\n  $ queuectl requeue job1 job2')
    .action(async (texts: string[]) => {
      const { requeue } = await import('../jobs/requeue.ts')
      await requeue(context, texts)
    })
}
