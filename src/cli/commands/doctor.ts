import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `doctor`. */
export function define(command: Command, context: Context): void {
  command
    .summary('check the queue for problems and suggest fixes')
    .description(
      'Checks the store, its schema, indexes and run history, file modes, disk, clock, settings, workers, running jobs ' +
        'and leftover files, and suggests fixes. Also checks a store that cannot be opened. Exits 1 when it finds a ' +
        'problem, 3 when the queue does not exist yet.',
    )
    .option('--fix', 'fix what can be fixed without risk to any job')
    .addHelpText('after', '\nExample:\n  $ queuectl doctor --fix')
    .action(async (options: { fix?: boolean }) => {
      const { doctor } = await import('../admin/doctor.ts')
      await doctor(context, options)
    })
}
