import { Command } from 'commander'
import { registerCancel } from './commands/cancel.ts'
import { registerConfig } from './commands/config.ts'
import { registerDlq } from './commands/dlq.ts'
import { registerEnqueue } from './commands/enqueue.ts'
import { registerList } from './commands/list.ts'
import { registerLogs } from './commands/logs.ts'
import { registerPromote } from './commands/promote.ts'
import { registerPurge } from './commands/purge.ts'
import { registerRequeue } from './commands/requeue.ts'
import { registerShow } from './commands/show.ts'
import { registerStatus } from './commands/status.ts'
import { registerVersion } from './commands/version.ts'
import { registerWait } from './commands/wait.ts'
import { registerWorkerList } from './commands/worker-list.ts'
import { registerWorkerStart } from './commands/worker-start.ts'
import { registerWorkerStop } from './commands/worker-stop.ts'
import { Context } from './context.ts'
import { failureOf, failureText, helpExitCode } from './failure.ts'
import { VERSION } from './version.ts'

/** Runs the command line `argv` (without program and script) to its end; the exit code is the process's own. Never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const context = new Context(argv)
  process.on('uncaughtException', (error) => {
    fail(context, error)
    process.exit()
  })
  try {
    await buildProgram(context).parseAsync(argv, { from: 'user' })
  } catch (error) {
    fail(context, error)
  }
  await context.close().catch((error) => fail(context, error))
}

/** All commands with their options and help; the work of a command is loaded when it is run. */
export function buildProgram(context: Context): Command {
  const program = new Command('queuectl')
    .description('A durable job queue for shell commands.')
    .version(VERSION, '-V, --version', 'print the version')
    .option(
      '--db <address>',
      'the store: a file, or a mongodb:// URL (default: QUEUECTL_DB, MONGODB_URI, the data folder)',
    )
    .option('--json', 'for machines: JSON on stdout, errors as JSON on stderr')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => {}, writeOut: (text) => context.out(text.trimEnd()) })
    .exitOverride()
    .hook('preAction', () => {
      context.db = program.opts<{ db?: string }>().db
    })
    .addHelpText('after', "\nExample:\n  $ queuectl enqueue -- 'echo hello'\n  $ queuectl worker start --count 3")

  registerEnqueue(program, context)
  const worker = program.command('worker').description('start, stop and see the processes that run jobs')
  worker.addHelpText('after', '\nExample:\n  $ queuectl worker start --count 3')
  registerWorkerStart(worker, context)
  registerWorkerStop(worker, context)
  registerWorkerList(worker, context)
  registerStatus(program, context)
  registerList(program, context)
  registerShow(program, context)
  registerLogs(program, context)
  registerWait(program, context)
  registerCancel(program, context)
  registerRequeue(program, context)
  registerPromote(program, context)
  registerPurge(program, context)
  registerDlq(program, context)
  registerConfig(program, context)
  registerVersion(program, context)
  return program
}

function fail(context: Context, error: unknown): void {
  const helped = helpExitCode(error)
  if (helped !== null) {
    context.exit(helped)
    return
  }
  const failure = failureOf(error)
  context.err(`${failureText(failure, context.json)}\n`)
  if (process.env.QUEUECTL_DEBUG && error instanceof Error) context.err(`${error.stack}\n`)
  context.exit(failure.exit_code)
}
