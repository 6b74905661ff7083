import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `audit`. */
export function define(command: Command, context: Context): void {
  command
    .summary('replay the runs on record')
    .description(
      'Reads the books, also while workers run: whether every start has exactly one outcome, and no job was lost, ' +
        'doubled or revived. Changes nothing; exits 1 when something is wrong.',
    )
    .addHelpText('after', '\nExample:\n  $ queuectl audit --json')
    .action(async () => {
      const { audit } = await import('../admin/audit.ts')
      await audit(context)
    })
}
