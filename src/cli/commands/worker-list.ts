import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `worker list`. */
export function define(command: Command, context: Context): void {
  command
    .description('list supervisors and workers with their jobs and resource use')
    .addHelpText('after', '\nExample:\n  $ queuectl worker list')
    .action(async () => {
      const { listProcesses } = await import('../workers/worker-list.ts')
      await listProcesses(context)
    })
}
