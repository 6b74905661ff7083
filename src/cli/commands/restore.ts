import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `restore`. */
export function define(command: Command, context: Context): void {
  command
    .summary('put a backup in the place of the queue')
    .description(
      'Puts a backup in the place of what the queue holds, which is kept aside. Jobs that were running when the backup was ' +
        'made are pending again. Refused while workers are registered; asks first on a terminal.',
    )
    .argument('<file>', 'a backup')
    .option('--force', 'also when the queue cannot be read, or a run of it was not seen to end: no worker may run')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ queuectl worker stop && queuectl restore queue-monday.db')
    .action(async (file: string, options: { force?: boolean; yes?: boolean }) => {
      const { restore } = await import('../admin/restore.ts')
      await restore(context, file, options)
    })
}
