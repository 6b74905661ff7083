import type { Command } from 'commander'
import { parseDuration } from '../../domain/units.ts'
import { workerCount } from '../arguments.ts'
import type { Context } from '../context.ts'
import { processNames } from '../workers/process-names.ts'

/** `worker scale`: changes how many workers a running supervisor has. */
export function registerWorkerScale(worker: Command, context: Context): void {
  worker
    .command('scale')
    .description('change how many workers a running supervisor has; those too many finish their jobs within the grace')
    .argument('<n>', 'workers wanted; 0: none until it is scaled again')
    .argument('[target]', 'the id of a supervisor, or the name or id of its host; needed where there are several')
    .option('--timeout <time>', 'how long to wait for its answer, exit 4', '10s')
    .addHelpText('after', '\nExamples:\n  $ queuectl worker scale 8\n  $ queuectl worker scale 2 build-host-1')
    .action((count: string, target: string | undefined, options: { timeout: string }) =>
      scale(count, target, options, context),
    )
}

async function scale(
  text: string,
  target: string | undefined,
  options: { timeout: string },
  context: Context,
): Promise<void> {
  const count = workerCount(text, 'the number of workers', 0)
  const timeout_ms = parseDuration(options.timeout, '--timeout') * 1000
  const { scaleWorkers } = await import('../../operator/scale.ts')
  const { interactive: abbreviated } = context
  const report = await scaleWorkers(await context.store(), { count, target: target ?? null, abbreviated, timeout_ms })
  if (context.json) return context.outJson(report)
  const name = processNames([])({ ...report, kind: 'supervisor', id: report.supervisor })
  context.out(`${name}: ${report.to} worker${report.to === 1 ? '' : 's'} from now on, before ${report.from}`)
}
