import type { Command } from 'commander'
import { addCommands, type Declarations } from '../add-commands.ts'
import type { Context } from '../context.ts'

const SUBCOMMANDS: Declarations = {
  start: () => import('./worker-start.ts'),
  stop: () => import('./worker-stop.ts'),
  scale: () => import('./worker-scale.ts'),
  list: () => import('./worker-list.ts'),
}

/** `worker` and its subcommands. */
export function define(worker: Command, context: Context): Promise<void> {
  worker
    .description('start, stop, scale and list the processes that run jobs')
    .addHelpText('after', '\nExample:\n  $ queuectl worker start --count 3')
  return addCommands(worker, SUBCOMMANDS, context)
}
