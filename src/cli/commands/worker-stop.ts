import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { StopOptions } from '../workers/worker-stop.ts'

/** `worker stop`. */
export function define(command: Command, context: Context): void {
  command
    .description('stop workers from any terminal: all, those of one host, one supervisor, or one worker')
    .argument('[target]', 'the name or id of a host, supervisor or worker, as worker list shows it (default: all)')
    .option('--force', 'do not wait for running jobs: end them, and what does not answer')
    .option('--timeout <time>', 'how long to wait for the end, exit 4 (default: their grace and 10s)')
    .addHelpText('after', '\nExamples:\n  $ queuectl worker stop\n  $ queuectl worker stop w-4k2m9x0a --timeout 1m')
    .action(async (target: string | undefined, options: StopOptions) =>
      (await import('../workers/worker-stop.ts')).stop(target, options, context),
    )
}
