import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** Registers `promote`. */
export function registerPromote(program: Command, context: Context): void {
  program
    .command('promote')
    .summary('make waiting jobs ready now')
    .description('Makes jobs that wait for their time, or for a retry, ready now.')
    .argument('<ids...>', 'ids; on a terminal their beginnings too')
    .addHelpText('after', '\nExample:\n  $ queuectl promote job1 job2')
    .action(async (texts: string[]) => {
      const [{ idsToChange }, { reportChanges }] = await Promise.all([
        import('../jobs/find-job.ts'),
        import('../jobs/report-changes.ts'),
      ])
      const store = await context.store()
      const changes = await store.promote({ ids: await idsToChange(context, store, texts) })
      reportChanges(context, store, changes, {
        done: 'ready',
        rule: 'only jobs that wait for their time can be promoted',
      })
    })
}
