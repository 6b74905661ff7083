import { Command } from 'commander'
import { addCommands } from './add-commands.ts'
import { VERSION } from './build-info.ts'
import { COMMANDS } from './commands/commands.ts'
import type { Context } from './context.ts'
import { findCommand } from './help/find-command.ts'
import { TOPICS } from './help/topics.ts'
import { terminalColumns } from './terminal/tty.ts'

/** Columns of a help that is not for a terminal. */
const HELP_WIDTH = 80

/**
 * The commands with their options and help; the work of a command is loaded when it is run. When the command line `argv` begins with
 * a command's name, the others are left out: to describe them all costs a tenth of Node's own start. Throws for a command that is not there.
 */
export async function buildProgram(context: Context, argv: readonly string[] = []): Promise<Command> {
  const program = new Command('queuectl')
    .description('A durable job queue for shell commands.')
    .version(VERSION, '-V, --version', 'print the version')
    .option(
      '--db <address>',
      'the store: a file, or a mongodb:// URL (default: QUEUECTL_DB, MONGODB_URI, the data folder)',
    )
    .option('--json', 'for machines: JSON on stdout, errors as JSON on stderr')
    .helpOption('-h, --help', 'show help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: () => {},
      writeOut: (text) => context.out(text.trimEnd()),
      // Commander would ask process.stdout, which a help that is piped or redirected can do without.
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
  // Help is shown of any of them.
  const load = first === 'help' || !Object.hasOwn(COMMANDS, first) ? undefined : COMMANDS[first]
  await addCommands(program, load ? { [first]: load } : COMMANDS, context)
  // Commander would show the help of all that there is when help is asked for a command that is not there.
  if (first !== 'help') findCommand(program, argv)
  return program
}
