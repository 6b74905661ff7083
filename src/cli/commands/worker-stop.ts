import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { StopOptions } from '../workers/worker-stop.ts'

/** `worker stop`. */
export function define(command: Command, context: Context): void {
  command
    .description('stop workers from any terminal: all, or those of a host, one supervisor, or one worker')
    .argument('[target]', 'supervisor or worker ID, or host name or ID, as shown by worker list (default: all)')
    .option('--force', 'kill running jobs and processes that do not answer, without a grace period')
    .option('--timeout <time>', 'wait at most this long (exit 4; default: the grace and 10s)')
    .addHelpText('after', '\nExamples:\n  $ queuectl worker stop\n  $ queuectl worker stop w-4k2m9x0a --timeout 1m')
    .action(async (target: string | undefined, options: StopOptions) =>
      (await import('../workers/worker-stop.ts')).stop(target, options, context),
    )
}
