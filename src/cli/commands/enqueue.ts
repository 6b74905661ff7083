import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { EnqueueOptions } from '../enqueue/enqueue.ts'
import { ownFailure } from '../failure.ts'

/** `enqueue`. */
export function define(command: Command, context: Context): void {
  command
    .summary('add jobs')
    .description(
      'Adds jobs: one as JSON, one as a command behind --, or one a line from a file or stdin. Prints their ids.',
    )
    .argument('[job]', 'the job as JSON, or - to read lines from stdin')
    .option('--file <path>', 'read one JSON object or one bare command a line')
    .option('--keep-going', 'enqueue the good lines in spite of bad ones')
    .option('--id <id>', 'id of your own: the same id with the same content is enqueued once')
    .option('--queue <name>', 'queue (default: default)')
    .option('--priority <n>', 'higher runs first (default: 0)')
    .option('--delay <time>', 'not before this time has passed: 90, 90s, 5m, 2h, 7d')
    .option('--run-at <time>', 'not before this time: 2026-01-31T18:00:00Z, without Z local')
    .option('--timeout <time>', 'end a run that takes longer; none for no limit')
    .option('--shell <name>', 'what runs the command, on Windows: cmd or powershell')
    .option('--cwd <folder>', 'folder to run in (default: this one)')
    .option('--env <NAME=value>', 'a variable for the job; may be repeated', (pair: string, all: string[] = []) => [
      ...all,
      pair,
    ])
    .option('--max-retries <n>', 'failures after which it is tried again')
    .option('--max-interruptions <n>', 'worker deaths that make it poison')
    .option('--backoff-base <n>', 'a retry waits base ^ attempts seconds')
    .option('--backoff-max <time>', 'longest wait before a retry')
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
