import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `licenses`. */
export function define(command: Command, context: Context): void {
  command
    .summary('print the licences of all that is inside')
    .description('Prints the licence of this program, those of the packages in it, and that of Node and its parts.')
    .addHelpText('after', '\nExample:\n  $ queuectl licenses | less')
    .action(async () => {
      const { licenses } = await import('../admin/licenses.ts')
      await licenses(context)
    })
}
