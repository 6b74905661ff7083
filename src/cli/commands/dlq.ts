import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { ListOptions } from '../jobs/list.ts'

/** `dlq` and its subcommands. */
export function define(dlq: Command, context: Context): void {
  dlq
    .summary('show and retry dead jobs (the dead letter queue)')
    .description(
      'Shows, retries and removes the jobs in the dead letter queue. Their retries are used up, or they killed their ' +
        'workers (poison). They are kept until you retry or purge them.',
    )
    .addHelpText('after', '\nExample:\n  $ queuectl dlq retry job1')
  dlq
    .command('list')
    .description('list dead jobs, the latest first')
    .option('--queue <name>', 'only jobs of this queue')
    .option('--search <text>', 'only jobs with this text in ID or command')
    .option('--limit <n>', 'jobs on a page', '50')
    .option('--after <id>', 'continue after this job ID')
    .option('--wide', 'show whole commands')
    .addHelpText('after', '\nExample:\n  $ queuectl dlq list --queue mail')
    .action(async (options: ListOptions) => {
      const { list } = await import('../jobs/list.ts')
      await list(context, { ...options, state: 'dead', sort: 'finished' })
    })
  dlq
    .command('show')
    .description('show everything about one dead job')
    .argument('<id>', 'the job’s ID or a prefix of it')
    .addHelpText('after', '\nExample:\n  $ queuectl dlq show job1')
    .action(async (id: string) => (await import('../jobs/dlq.ts')).showDead(context, id))
  dlq
    .command('retry')
    .description('run dead jobs again: ready now, with attempts from 0')
    .argument('[ids...]', 'job IDs; on a terminal, prefixes too')
    .option('--all', 'all dead jobs')
    .option('--queue <name>', 'with --all: only jobs of this queue')
    .addHelpText('after', '\nExamples:\n  $ queuectl dlq retry job1\n  $ queuectl dlq retry --all --queue mail')
    .action(async (ids: string[], options) => (await import('../jobs/dlq.ts')).retryDead(context, ids, options))
  dlq
    .command('purge')
    .description('remove dead jobs and their logs permanently; asks first on a terminal')
    .option('--queue <name>', 'only jobs of this queue')
    .option('--older-than <time>', 'only jobs that died at least this long ago: 2h, 7d')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ queuectl dlq purge --older-than 30d')
    .action(async (options: { queue?: string; olderThan?: string; yes?: boolean }) => {
      const [{ queueName }, { purge }] = await Promise.all([import('../arguments.ts'), import('../jobs/purge.ts')])
      await purge(context, { ...options, states: ['dead'], queue: queueName(options.queue) })
    })
}
