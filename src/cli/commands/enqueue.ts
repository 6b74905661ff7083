import type { Command } from 'commander'
import { fieldNames, JOB_FIELDS, type JobField, type OptionName } from '../../domain/job-fields.ts'
import type { Context } from '../context.ts'
import type { EnqueueOptions } from '../enqueue/enqueue.ts'
import { ownFailure } from '../failure.ts'

/** Options for job fields, in the order of the help. */
const JOB_OPTIONS = fieldNames<OptionName>(
  ({ option }) => option !== undefined,
  ['id', 'queue', 'priority', 'delay', 'run_at', 'timeout', 'shell', 'cwd', 'env'],
)

/** `enqueue`. */
export function define(command: Command, context: Context): void {
  command
    .summary('add jobs')
    .description(
      'Adds jobs: one as JSON, one as a command after --, or one per line from a file or stdin. Prints their IDs.',
    )
    .argument('[job]', 'the job as JSON, or - to read lines from stdin')
    .option('--file <path>', 'read one job per line: a JSON object or a bare command')
    .option('--keep-going', 'skip bad lines and enqueue the good ones')
  for (const name of JOB_OPTIONS) addOption(command, name)
  command
    .option('--wait', 'wait until the job finishes and exit with its exit code')
    .option('--follow', 'like --wait, and show the output while the job runs')
    .option('--wait-timeout <time>', 'with --wait or --follow: give up after this time (exit 124)')
    .usage('[options] [job]  |  enqueue [options] -- command…')
    .addHelpText(
      'after',
      `
A field may be set in the JSON or by an option, not by both. Several words after -- are quoted so that the shell sees the
same words; a single word is a shell command line.

Examples:
  $ queuectl enqueue '{"command":"echo hello","max_retries":3}'
  $ queuectl enqueue --queue mail --delay 5m -- ./send.sh "to whom"
  $ queuectl enqueue --file jobs.ndjson
  $ queuectl enqueue --follow -- 'make test 2>&1'`,
    )
    .allowExcessArguments()
    .exitOverride((error) => {
      const { wait, follow } = command.opts<EnqueueOptions>()
      throw error.exitCode !== 0 && (wait || follow) ? ownFailure(error) : error
    })
    .action(async (_job: string | undefined, options: EnqueueOptions, { args }: Command) => {
      const { enqueue } = await import('../enqueue/enqueue.ts')
      // The words after `--` are also the last arguments.
      await enqueue(context, args.slice(0, args.length - (context.words?.length ?? 0)), options)
    })
}

function addOption(command: Command, name: OptionName): void {
  const { kind, option }: JobField = JOB_FIELDS[name]
  const flags = `--${name.replaceAll('_', '-')} ${option?.value}`
  if (kind !== 'variables') command.option(flags, option?.about)
  else command.option(flags, option?.about ?? '', (pair: string, all: string[] = []) => [...all, pair])
}
