import type { Command } from 'commander'
import type { Context } from '../context.ts'

/** `worker list`. */
export function define(command: Command, context: Context): void {
  command
    .description('show supervisors and workers: what they run and what they use')
    .addHelpText('after', '\nExample:\n  $ queuectl worker list')
    .action(async () => {
      const { listProcesses } = await import('../workers/worker-list.ts')
      await listProcesses(context)
    })
}
