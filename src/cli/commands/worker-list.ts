import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** Registers `worker list`. */
export function registerWorkerList(worker: Command, context: Context): void {
  worker
    .command('list')
    .description('show supervisors and workers: what they run and what they use')
    .addHelpText('after', '\nExample:\n  $ queuectl worker list')
    .action(async () => {
      const { listProcesses } = await import('../workers/worker-list.ts')
      await listProcesses(context)
    })
}
