import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `version`. */
export function define(command: Command, context: Context): void {
  command
    .summary('show the version')
    .description('Shows the version of this program and of what it is built on.')
    .addHelpText('after', '\nExample:\n  $ queuectl version --json')
    .action(async () => {
      const { version } = await import('../admin/version.ts')
      version(context)
    })
}
