import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `audit`. */
export function define(command: Command, context: Context): void {
  command
    .summary('check the run history')
    .description(
      'Replays the run history, also while workers run: every start must have exactly one outcome, and no job may be ' +
        'lost, doubled or revived. Changes nothing; exits 1 when it finds a fault.',
    )
    .addHelpText('after', '\nExample:\n  $ queuectl audit --json')
    .action(async () => {
      const { audit } = await import('../admin/audit.ts')
      await audit(context)
    })
}
