import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** Registers `requeue`. */
export function registerRequeue(program: Command, context: Context): void {
  program
    .command('requeue')
    .summary('run ended jobs anew')
    .description(
      'Puts dead, cancelled or completed jobs back into the queue, ready now; attempts and interruptions start from 0.',
    )
    .argument('<ids...>', 'ids; on a terminal their beginnings too')
    .addHelpText('after', '\nExample:\n  $ queuectl requeue job1 job2')
    .action(async (texts: string[]) => {
      const [{ idsToChange }, { reportChanges }] = await Promise.all([
        import('../jobs/find-job.ts'),
        import('../jobs/report-changes.ts'),
      ])
      const store = await context.store()
      const changes = await store.requeue({ ids: await idsToChange(context, store, texts) })
      reportChanges(context, store, changes, {
        done: 'requeued',
        rule: 'only dead, cancelled and completed jobs can be requeued',
      })
    })
}
