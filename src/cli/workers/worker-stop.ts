import { EXIT } from '../../domain/errors.ts'
import { formatDuration, parseDuration } from '../../domain/units.ts'
import { type StopReport, stopWorkers } from '../../operator/stop.ts'
import type { Context } from '../context.ts'
import { processNames } from './process-names.ts'
import { stopProgress } from './stop-progress.ts'

export interface StopOptions {
  force?: boolean
  timeout?: string
}

/** `worker stop`: requests the stop, waits for proof, and reports what still runs. */
export async function stop(target: string | undefined, options: StopOptions, context: Context): Promise<void> {
  const timeout = options.timeout === undefined ? null : parseDuration(options.timeout, '--timeout') * 1000
  const progress = stopProgress(context)
  const report = await stopWorkers(await context.store(), {
    target: target ?? null,
    abbreviated: context.interactive,
    force: options.force ?? false,
    timeout_ms: timeout,
    on_progress: progress.show,
  }).finally(progress.end)
  if (context.json) context.outJson(report)
  else print(report, context)
  if (report.running.length > 0 || Object.keys(report.stuck).length > 0) context.exit(EXIT.stop_timeout)
  else if (report.killed > 0) context.exit(EXIT.unsuccessful)
}

/** Prints the result, without the stopped processes: the progress has printed those. */
function print({ stopped, running, cleared, killed, released, stuck }: StopReport, context: Context): void {
  if (cleared.supervisors + cleared.workers > 0) {
    const { supervisors, workers, runs } = cleared
    const counts = [counted(supervisors, 'supervisor'), counted(workers, 'worker'), counted(runs, 'run')]
    context.out(`cleaned up after dead supervisors: ${counts.join(', ')}`)
  }
  if (killed + released > 0) context.out(`jobs killed: ${killed}, released: ${released}`)
  for (const [id, reason] of Object.entries(stuck)) context.note(`${id} cannot be stopped: ${reason}`)
  const name = processNames([...stopped, ...running])
  for (const one of running) {
    context.note(
      one.answers
        ? `${name(one)} did not stop in time; use --force or a longer --timeout`
        : `${name(one)} does not answer; last heartbeat ${formatDuration(Math.round(one.beat_age))} ago; it stops when it is back; the jobs of a lost host run elsewhere when their leases end`,
    )
  }
  if (stopped.length + running.length + cleared.supervisors + cleared.workers === 0) context.out('no worker is running')
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
