import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `worker scale`. */
export function define(command: Command, context: Context): void {
  command
    .description(
      'change the number of workers of a running supervisor; surplus workers finish their jobs within the grace',
    )
    .argument('<n>', 'number of workers; 0 for none until the next scale')
    .argument('[target]', 'supervisor ID, or host name or ID; required if there are several supervisors')
    .option('--timeout <time>', 'wait at most this long for its answer (exit 4)', '10s')
    .addHelpText('after', '\nExamples:\n  $ queuectl worker scale 8\n  $ queuectl worker scale 2 build-host-1')
    .action(async (count: string, target: string | undefined, options: { timeout: string }) =>
      (await import('../workers/worker-scale.ts')).scale(count, target, options, context),
    )
}
