import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `backup`. */
export function define(command: Command, context: Context): void {
  command
    .summary('copy the queue to a file')
    .description(
      'Copies the queue to one file, also while workers run, and checks the copy. It holds all jobs, their runs and the ' +
        'settings as they are at one moment, without logs. For a queue in MongoDB use mongodump.',
    )
    .argument('<file>', 'the file to write')
    .option('--force', 'overwrite an existing file')
    .addHelpText('after', '\nExample:\n  $ queuectl backup queue-monday.db')
    .action(async (file: string, options: { force?: boolean }) => {
      const { backup } = await import('../admin/backup.ts')
      await backup(context, file, options)
    })
}
