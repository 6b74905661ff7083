import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `backup`. */
export function define(command: Command, context: Context): void {
  command
    .summary('copy the queue to a file')
    .description(
      'Writes a copy of the queue as it is at one moment, also while workers run: one file, checked, with all jobs, their ' +
        'runs and the settings. Logs are not in it. A queue in MongoDB is copied by mongodump.',
    )
    .argument('<file>', 'where the copy goes')
    .option('--force', 'write over a file that is there')
    .addHelpText('after', '\nExample:\n  $ queuectl backup queue-monday.db')
    .action(async (file: string, options: { force?: boolean }) => {
      const { backup } = await import('../admin/backup.ts')
      await backup(context, file, options)
    })
}
