import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { ownFailure } from '../failure.ts'

/** `wait`. */
export function define(command: Command, context: Context): void {
  command
    .summary('wait until jobs finish')
    .description(
      'Waits until jobs are completed, dead or cancelled. Exits with the exit code of a single job; with 0 or 1 for several.',
    )
    .argument('<ids...>', 'job IDs or prefixes')
    .option('--timeout <time>', 'give up after this time: 90, 90s, 5m')
    .addHelpText(
      'after',
      `
Exit codes: the job’s own; 128 + n for a signal; 124 the wait or the job timed out; 130 cancelled, or Ctrl-C (the job
continues); 137 poison; 125 queuectl itself failed.

Example:
  $ queuectl wait job1 job2 --timeout 10m`,
    )
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : ownFailure(error)
    })
    .action(async (texts: string[], { timeout }: { timeout?: string }) => {
      const { asWaiter, wait } = await import('../jobs/wait.ts')
      await asWaiter(() => wait(context, texts, timeout))
    })
}
