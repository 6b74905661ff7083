import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `worker scale`. */
export function define(command: Command, context: Context): void {
  command
    .description('change how many workers a running supervisor has; those too many finish their jobs within the grace')
    .argument('<n>', 'workers wanted; 0: none until it is scaled again')
    .argument('[target]', 'the id of a supervisor, or the name or id of its host; needed where there are several')
    .option('--timeout <time>', 'how long to wait for its answer, exit 4', '10s')
    .addHelpText('after', '\nExamples:\n  $ queuectl worker scale 8\n  $ queuectl worker scale 2 build-host-1')
    .action(async (count: string, target: string | undefined, options: { timeout: string }) =>
      (await import('../workers/worker-scale.ts')).scale(count, target, options, context),
    )
}
