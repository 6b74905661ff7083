import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** Registers `backup`. */
export function registerBackup(program: Command, context: Context): void {
  program
    .command('backup')
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

/** Registers `restore`. */
export function registerRestore(program: Command, context: Context): void {
  program
    .command('restore')
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
      const { restore } = await import('../admin/backup.ts')
      await restore(context, file, options)
    })
}
