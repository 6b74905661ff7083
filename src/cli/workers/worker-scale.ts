import { parseDuration } from '../../domain/units.ts'
import { scaleWorkers } from '../../operator/scale.ts'
import { workerCount } from '../arguments.ts'
import type { Context } from '../context.ts'
import { processNames } from './process-names.ts'

/** `worker scale`: sets the number of workers of one supervisor. */
export async function scale(
  text: string,
  target: string | undefined,
  options: { timeout: string },
  context: Context,
): Promise<void> {
  const count = workerCount(text, 'the number of workers', 0)
  const timeout_ms = parseDuration(options.timeout, '--timeout') * 1000
  const { interactive: abbreviated } = context
  const report = await scaleWorkers(await context.store(), { count, target: target ?? null, abbreviated, timeout_ms })
  if (context.json) return context.outJson(report)
  const name = processNames([])({ ...report, kind: 'supervisor', id: report.supervisor })
  context.out(`${name}: scaled to ${report.to} worker${report.to === 1 ? '' : 's'} (before: ${report.from})`)
}
