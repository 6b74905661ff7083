import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `version`. */
export function define(command: Command, context: Context): void {
  command
    .summary('show the version')
    .description('Shows the versions of this program, Node and SQLite.')
    .addHelpText('after', '\nExample:\n  $ queuectl version --json')
    .action(async () => {
      const { version } = await import('../admin/version.ts')
      version(context)
    })
}
