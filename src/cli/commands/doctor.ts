import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `doctor`. */
export function define(command: Command, context: Context): void {
  command
    .summary('look for what is wrong')
    .description(
      'Looks at the store, its schema, indexes and books, at files and their modes, disk, clock, settings, workers, running ' +
        'jobs and what was left behind, and says what to do. Works also on a store that cannot be opened. Exits 1 when there ' +
        'is a problem, 3 when there is no queue yet.',
    )
    .option('--fix', 'put right what can be put right without risk to any job')
    .addHelpText('after', '\nExample:\n  $ queuectl doctor --fix')
    .action(async (options: { fix?: boolean }) => {
      const { doctor } = await import('../admin/doctor.ts')
      await doctor(context, options)
    })
}
