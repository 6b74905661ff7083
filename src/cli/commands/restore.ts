import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `restore`. */
export function define(command: Command, context: Context): void {
  command
    .summary('replace the queue with a backup')
    .description(
      'Replaces the queue with a backup and keeps the old file. Jobs that were running at the time of the backup are ' +
        'pending again. Refused while workers are registered; asks first on a terminal.',
    )
    .argument('<file>', 'the backup')
    .option('--force', 'restore even if the queue is unreadable or a run may still be going; no worker may run')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ queuectl worker stop && queuectl restore queue-monday.db')
    .action(async (file: string, options: { force?: boolean; yes?: boolean }) => {
      const { restore } = await import('../admin/restore.ts')
      await restore(context, file, options)
    })
}
