import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `licenses`. */
export function define(command: Command, context: Context): void {
  command
    .summary('print the licences of this program and its parts')
    .description('Prints the licences of this program, of its packages, and of Node and its parts.')
    .addHelpText('after', '\nExample:\n  $ queuectl licenses | less')
    .action(async () => {
      const { licenses } = await import('../admin/licenses.ts')
      await licenses(context)
    })
}
