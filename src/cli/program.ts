import { Command } from 'commander'
import { registerAudit } from './commands/audit.ts'
import { registerBackup, registerRestore } from './commands/backup.ts'
import { registerCancel } from './commands/cancel.ts'
import { registerCompletion } from './commands/completion.ts'
import { registerConfig } from './commands/config.ts'
import { registerDemo } from './commands/demo.ts'
import { registerDlq } from './commands/dlq.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerEnqueue } from './commands/enqueue.ts'
import { registerHelp } from './commands/help.ts'
import { registerInit } from './commands/init.ts'
import { registerLicenses } from './commands/licenses.ts'
import { registerList } from './commands/list.ts'
import { registerLogs } from './commands/logs.ts'
import { registerPromote } from './commands/promote.ts'
import { registerPurge } from './commands/purge.ts'
import { registerRequeue } from './commands/requeue.ts'
import { registerShow } from './commands/show.ts'
import { registerStatus } from './commands/status.ts'
import { registerVersion } from './commands/version.ts'
import { registerWait } from './commands/wait.ts'
import { registerWorker } from './commands/worker.ts'
import type { Context } from './context.ts'
import { findCommand } from './help/find-command.ts'
import { TOPICS } from './help/topics.ts'
import { terminalColumns } from './terminal/tty.ts'
import { VERSION } from './version.ts'

/** Columns of a help that is not for a terminal. */
const HELP_WIDTH = 80

type Register = (program: Command, context: Context) => void

/** Every command by its name, in the order of the help. */
const COMMANDS = new Map<string, Register>([
  ['enqueue', registerEnqueue],
  ['worker', registerWorker],
  ['status', registerStatus],
  ['list', registerList],
  ['show', registerShow],
  ['logs', registerLogs],
  ['wait', registerWait],
  ['cancel', registerCancel],
  ['requeue', registerRequeue],
  ['promote', registerPromote],
  ['purge', registerPurge],
  ['dlq', registerDlq],
  ['config', registerConfig],
  ['init', registerInit],
  ['doctor', registerDoctor],
  ['audit', registerAudit],
  ['backup', registerBackup],
  ['restore', registerRestore],
  ['completion', registerCompletion],
  ['demo', registerDemo],
  ['licenses', registerLicenses],
  ['version', registerVersion],
  ['help', registerHelp],
])

/**
 * The commands with their options and help; the work of a command is loaded when it is run. When the command line `argv` begins with
 * a command's name, the others are left out: to describe them all costs a tenth of Node's own start. Throws for a command that is not there.
 */
export function buildProgram(context: Context, argv: readonly string[] = []): Command {
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
  const named = first === 'help' ? undefined : COMMANDS.get(first)
  for (const register of named ? [named] : COMMANDS.values()) register(program, context)
  // Commander would show the help of all that there is when help is asked for a command that is not there.
  if (first !== 'help') findCommand(program, argv)
  return program
}
