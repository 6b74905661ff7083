import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `cancel`. */
export function define(command: Command, context: Context): void {
  command
    .summary('cancel waiting or running jobs')
    .description(
      'Cancels a waiting job at once. Asks the worker of a running job to stop it (SIGTERM, 5 s, SIGKILL), and waits.',
    )
    .argument('<ids...>', 'job IDs; on a terminal, prefixes too')
    .option('--timeout <time>', 'wait at most this long for running jobs', '30s')
    .option('--no-wait', 'do not wait until running jobs have stopped')
    .addHelpText(
      'after',
      `
Exit codes: 0 cancelled; 1 a job had already finished; 3 no such job; 4 requested, but not stopped in time.

Example:
  $ queuectl cancel job1 job2`,
    )
    .action(async (texts: string[], options: { timeout: string; wait: boolean }) => {
      const { cancel } = await import('../jobs/cancel.ts')
      await cancel(context, texts, options)
    })
}
