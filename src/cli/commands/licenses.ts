import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** Registers `licenses`. */
export function registerLicenses(program: Command, context: Context): void {
  program
    .command('licenses')
    .summary('print the licences of all that is inside')
    .description('Prints the licence of this program, those of the packages in it, and that of Node and its parts.')
    .addHelpText('after', '\nExample:\n  $ queuectl licenses | less')
    .action(async () => {
      // Read when it is asked for: a file beside the program or inside of it.
      const { default: text } = await import('#licenses')
      if (context.json) context.outJson({ licenses: text })
      else context.out(text.trimEnd())
    })
}
