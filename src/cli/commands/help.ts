import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { TOPICS } from '../help/topics.ts'

/** `help`, which shows the help of every other command of the program. */
export function define(command: Command, context: Context): void {
  command
    .summary('show help for a command or a topic')
    .description(`Shows the help of a command, or explains a topic: ${Object.keys(TOPICS).join(', ')}.`)
    .argument('[words...]', 'a command, a command and its subcommand, or a topic')
    .addHelpText('after', '\nExamples:\n  $ queuectl help worker start\n  $ queuectl help exit-codes')
    .action(async (words: string[]) => {
      const { help } = await import('../help/help.ts')
      await help(command.parent ?? command, context, words)
    })
}
