import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { LogsOptions } from '../logs/logs.ts'

/** `logs`. */
export function define(command: Command, context: Context): void {
  command
    .summary('show the output of a job')
    .description(
      'Shows stdout and stderr of a job’s run in order; by default of its last run. For a run on another host, shows the ' +
        'last part, which is kept in the store.',
    )
    .argument('<id>', 'the job’s ID or a prefix of it')
    .option('--run <n>', 'show the run with this number')
    .option('--tail <n>', 'show only the last lines')
    .option('-f, --follow', 'print new output, through retries, until the job finishes')
    .option('--raw', 'print the bytes unchanged; without it, control characters are shown as escapes')
    .addHelpText('after', '\nExample:\n  $ queuectl logs job1 --tail 20 --follow')
    .action(async (text: string, options: LogsOptions) => {
      const { logs } = await import('../logs/logs.ts')
      await logs(context, text, options)
    })
}
