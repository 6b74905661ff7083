import type { Command } from 'commander'
import { fieldNames, JOB_FIELDS, type JobField, type OptionName } from '../../domain/job-fields.ts'
import type { Context } from '../context.ts'
import type { EnqueueOptions } from '../enqueue/enqueue.ts'
import { ownFailure } from '../failure.ts'

/** Options for fields of the job, in the order of the help. */
const JOB_OPTIONS = fieldNames<OptionName>(
  ({ option }) => option !== undefined,
  ['id', 'queue', 'priority', 'delay', 'run_at', 'timeout', 'shell', 'cwd', 'env'],
)

/** Registers `enqueue`. */
export function registerEnqueue(program: Command, context: Context): void {
  const command = program.command('enqueue')
  command
    .summary('add jobs')
    .description(
      'Adds jobs: one as JSON, one as a command behind --, or one a line from a file or stdin. Prints their ids.',
    )
    .argument('[job]', 'the job as JSON, or - to read lines from stdin')
    .option('--file <path>', 'read one JSON object or one bare command a line')
    .option('--keep-going', 'enqueue the good lines in spite of bad ones')
  for (const name of JOB_OPTIONS) addOption(command, name)
  command
    .option('--wait', 'wait for the end and exit with the job’s own exit code')
    .option('--follow', 'as --wait, and show the output while it runs')
    .option('--wait-timeout <time>', 'with --wait or --follow: give up after this time (exit 124)')
    .usage('[options] [job]  |  enqueue [options] -- command…')
    .addHelpText(
      'after',
      `
An option that the JSON or a line also gives is refused. Several words behind -- are quoted so that the shell sees the same words;
a single one is taken as a shell line.

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
      // The words behind `--` are among the arguments too, at their end.
      await enqueue(context, args.slice(0, args.length - (context.words?.length ?? 0)), options)
    })
}

function addOption(command: Command, name: OptionName): void {
  const { kind, option }: JobField = JOB_FIELDS[name]
  const flags = `--${name.replaceAll('_', '-')} ${option?.value}`
  if (kind !== 'variables') command.option(flags, option?.about)
  else command.option(flags, option?.about ?? '', (pair: string, all: string[] = []) => [...all, pair])
}
