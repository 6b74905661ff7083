import { Command } from 'commander'
import { addCommands } from './add-commands.ts'
import { VERSION } from './build-info.ts'
import { COMMANDS } from './commands/commands.ts'
import type { Context } from './context.ts'
import { findCommand } from './help/find-command.ts'
import { TOPICS } from './help/topics.ts'
import { terminalColumns } from './terminal/tty.ts'

/** Columns of help that is not printed on a terminal. */
const HELP_WIDTH = 80

/**
 * The commands with their options and help. A command's body is loaded when it is run. When the command line `argv`
 * begins with a command's name, the others are omitted: describing all of them costs a tenth of Node's own start.
 * Throws `usage` for an unknown command.
 */
export async function buildProgram(context: Context, argv: readonly string[] = []): Promise<Command> {
  const program = new Command('queuectl')
    .description('A durable job queue for shell commands.')
    .version(VERSION, '-V, --version', 'print the version')
    .option(
      '--db <address>',
      'the store: a file or a mongodb:// URL (default: QUEUECTL_DB, MONGODB_URI or a file in the data folder)',
    )
    .option('--json', 'print JSON on stdout, and errors as JSON on stderr')
    .helpOption('-h, --help', 'show help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: () => {},
      writeOut: (text) => context.out(text.trimEnd()),
      // Commander would load process.stdout for its width; piped or redirected help does not need it.
      getOutHelpWidth: () => terminalColumns() ?? HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      writeErr(text) {
        if (!context.json) context.err(text)
      },
    })
    .exitOverride()
    .hook('preAction', () => {
      context.db = program.opts<{ db?: string }>().db
    })
    .addHelpText('after', `\nTopics (queuectl help TOPIC):\n  ${Object.keys(TOPICS).join(', ')}`)
    .addHelpText('after', "\nExample:\n  $ queuectl enqueue -- 'echo hello'\n  $ queuectl worker start --count 3")

  const [first = ''] = argv
  // `help` describes every command.
  const load = first === 'help' || !Object.hasOwn(COMMANDS, first) ? undefined : COMMANDS[first]
  await addCommands(program, load ? { [first]: load } : COMMANDS, context)
  // For `--help` of an unknown command, commander would show the help of the whole program.
  if (first !== 'help') findCommand(program, argv)
  return program
}
