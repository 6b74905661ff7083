import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { LogsOptions } from '../logs/logs.ts'

/** `logs`. */
export function define(command: Command, context: Context): void {
  command
    .summary('show the output of a job')
    .description(
      'Shows what a run of a job printed, stdout and stderr in order; the last run unless told otherwise. Of a run on another host, the end that the store keeps.',
    )
    .argument('<id>', 'the job’s id, or the beginning of it')
    .option('--run <n>', 'the run with this number')
    .option('--tail <n>', 'its last lines only')
    .option('-f, --follow', 'go on as the output grows, through retries, until the job ends')
    .option('--raw', 'the bytes as they are; else control characters are shown as escapes')
    .addHelpText('after', '\nExample:\n  $ queuectl logs job1 --tail 20 --follow')
    .action(async (text: string, options: LogsOptions) => {
      const { logs } = await import('../logs/logs.ts')
      await logs(context, text, options)
    })
}
