import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { ListOptions } from '../jobs/list.ts'

/** `dlq` and its subcommands. */
export function define(dlq: Command, context: Context): void {
  dlq
    .summary('the dead letter queue: jobs whose retries are used up')
    .description('The dead letter queue: jobs whose retries are used up, and poison, kept until somebody decides.')
    .addHelpText('after', '\nExample:\n  $ queuectl dlq retry job1')
  dlq
    .command('list')
    .description('list dead jobs, the last that died first')
    .option('--queue <name>', 'only of this queue')
    .option('--search <text>', 'only with this text in id or command')
    .option('--limit <n>', 'jobs on a page', '50')
    .option('--after <id>', 'the page behind this job')
    .option('--wide', 'whole commands')
    .addHelpText('after', '\nExample:\n  $ queuectl dlq list --queue mail')
    .action(async (options: ListOptions) => {
      const { list } = await import('../jobs/list.ts')
      await list(context, { ...options, state: 'dead', sort: 'finished' })
    })
  dlq
    .command('show')
    .description('show everything about one dead job')
    .argument('<id>', 'its id, or the beginning of it')
    .addHelpText('after', '\nExample:\n  $ queuectl dlq show job1')
    .action(async (id: string) => (await import('../jobs/dlq.ts')).showDead(context, id))
  dlq
    .command('retry')
    .description('put dead jobs back into the queue, ready now, with their attempts from 0')
    .argument('[ids...]', 'ids; on a terminal their beginnings too')
    .option('--all', 'all dead jobs')
    .option('--queue <name>', 'with --all: of this queue')
    .addHelpText('after', '\nExamples:\n  $ queuectl dlq retry job1\n  $ queuectl dlq retry --all --queue mail')
    .action(async (ids: string[], options) => (await import('../jobs/dlq.ts')).retryDead(context, ids, options))
  dlq
    .command('purge')
    .description('remove dead jobs for good, with their logs; asks first on a terminal')
    .option('--queue <name>', 'only of this queue')
    .option('--older-than <time>', 'only those that died at least this long ago: 2h, 7d')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ queuectl dlq purge --older-than 30d')
    .action(async (options: { queue?: string; olderThan?: string; yes?: boolean }) => {
      const [{ queueName }, { purge }] = await Promise.all([import('../arguments.ts'), import('../jobs/purge.ts')])
      await purge(context, { ...options, states: ['dead'], queue: queueName(options.queue) })
    })
}
