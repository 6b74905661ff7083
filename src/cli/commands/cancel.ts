import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `cancel`. */
export function define(command: Command, context: Context): void {
  command
    .summary('cancel jobs that wait or run')
    .description(
      'Cancels jobs: a waiting one at once; a running one is ended by its worker (SIGTERM, 5 s, SIGKILL) and waited for.',
    )
    .argument('<ids...>', 'ids; on a terminal their beginnings too')
    .option('--timeout <time>', 'wait for running jobs at most this long', '30s')
    .option('--no-wait', 'ask only; do not wait until running jobs have ended')
    .addHelpText(
      'after',
      `
Exit codes: 0 cancelled; 1 a job had ended before; 3 no such job; 4 asked, but not ended in time.

Example:
  $ queuectl cancel job1 job2`,
    )
    .action(async (texts: string[], options: { timeout: string; wait: boolean }) => {
      const { cancel } = await import('../jobs/cancel.ts')
      await cancel(context, texts, options)
    })
}
