import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { registerWorkerList } from './worker-list.ts'
import { registerWorkerScale } from './worker-scale.ts'
import { registerWorkerStart } from './worker-start.ts'
import { registerWorkerStop } from './worker-stop.ts'

/** Registers `worker` and its subcommands. */
export function registerWorker(program: Command, context: Context): void {
  const worker = program.command('worker').description('start, stop, scale and see the processes that run jobs')
  worker.addHelpText('after', '\nExample:\n  $ queuectl worker start --count 3')
  registerWorkerStart(worker, context)
  registerWorkerStop(worker, context)
  registerWorkerScale(worker, context)
  registerWorkerList(worker, context)
}
