import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { StartOptions } from '../workers/worker-start.ts'

/** `worker start`. */
export function define(command: Command, context: Context): void {
  command
    .description('start workers; in the foreground unless detached')
    .option('-n, --count <n>', 'workers', '1')
    .option('-c, --concurrency <n>', 'jobs that each worker runs at a time (default: the setting, 1)')
    .option('-q, --queue <names>', 'only jobs of these queues, separated by commas; may be repeated', collect)
    .option('--grace <time>', 'time that running jobs get when the workers stop (default: the setting, 20s)')
    .option('--drain', 'end when nothing is left to run, retries and delays included; exit 1 if a job died')
    .option('--timeout <time>', 'with --drain: end after this time anyway, exit 124')
    .option('--detach', 'give the terminal back when the workers are ready; log to a file')
    .option('--pass-store', 'let jobs see the address of a store that has a password')
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
