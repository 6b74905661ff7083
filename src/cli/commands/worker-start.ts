import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { StartOptions } from '../workers/worker-start.ts'

/** `worker start`. */
export function define(command: Command, context: Context): void {
  command
    .description('start workers in the foreground, or detached')
    .option('-n, --count <n>', 'number of workers', '1')
    .option('-c, --concurrency <n>', 'jobs that each worker runs at a time (default: the setting, 1)')
    .option('-q, --queue <names>', 'run only jobs of these queues, separated by commas; may be repeated', collect)
    .option('--grace <time>', 'time for running jobs to finish at a stop (default: the setting, 20s)')
    .option('--drain', 'stop when all jobs are finished, delayed ones and retries included; exit 1 if a job died')
    .option('--timeout <time>', 'with --drain: stop after this time in any case (exit 124)')
    .option('--detach', 'run in the background and log to a file; return when the workers are ready')
    .option('--pass-store', 'pass the store’s address to jobs even if it has a password')
    .addHelpText(
      'after',
      '\nExamples:\n  $ queuectl worker start --count 3\n  $ queuectl worker start --drain --timeout 10m',
    )
    .action(async (options: StartOptions) =>
      (await import('../workers/worker-start.ts')).startWorkers(options, context),
    )
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}
