import type { Command } from 'commander'
import { parseDuration } from '../../domain/duration.ts'
import { EXIT } from '../../domain/errors.ts'
import type { Context } from '../context.ts'

interface StopOptions {
  force?: boolean
  timeout?: string
}

/** `worker stop`: from any terminal; says "stopped" only after proof. */
export function registerWorkerStop(worker: Command, context: Context): void {
  worker
    .command('stop')
    .description('stop workers from any terminal, or one supervisor or worker by its id')
    .argument('[id]', 'a supervisor or a worker, as worker list shows it (default: all)')
    .option('--force', 'do not wait for running jobs: end them, and what does not answer')
    .option('--timeout <time>', 'how long to wait for the end, exit 4 (default: their grace and 10s)')
    .addHelpText('after', '\nExamples:\n  $ queuectl worker stop\n  $ queuectl worker stop w-4k2m9x0a --timeout 1m')
    .action((id: string | undefined, options: StopOptions) => stop(id, options, context))
}

async function stop(id: string | undefined, options: StopOptions, context: Context): Promise<void> {
  const timeout = options.timeout === undefined ? null : parseDuration(options.timeout, '--timeout') * 1000
  const { stopWorkers } = await import('../../supervisor/stopping.ts')
  const progress = progressOf(context)
  const report = await stopWorkers(await context.store(), {
    id: id ?? null,
    force: options.force ?? false,
    timeout_ms: timeout,
    on_progress: progress.show,
  })
  progress.end()
  if (context.json) context.outJson(report)
  else tell(report, context)
  if (report.running.length > 0 || Object.keys(report.stuck).length > 0) context.exit(EXIT.stop_timeout)
  else if (report.killed > 0) context.exit(EXIT.unsuccessful)
}

type Report = Awaited<ReturnType<typeof import('../../supervisor/stopping.ts')['stopWorkers']>>

function tell({ stopped, running, cleared, killed, released, stuck }: Report, context: Context): void {
  for (const { kind, id, pid, host } of stopped) context.out(`stopped ${kind} ${id} (pid ${pid} on ${host})`)
  if (cleared.supervisors + cleared.workers > 0) {
    const { supervisors, workers, runs } = cleared
    context.out(
      `cleared what dead supervisors left: ${supervisors} supervisors, ${workers} workers, ${runs} runs ended`,
    )
  }
  if (killed + released > 0) context.out(`jobs killed: ${killed}, given back: ${released}`)
  for (const [job, reason] of Object.entries(stuck)) context.note(`the run of job ${job} cannot be ended: ${reason}`)
  for (const { kind, id, pid, host } of running) {
    context.note(`${kind} ${id} (pid ${pid} on ${host}) has not stopped in time; try --force, or a longer --timeout`)
  }
  if (stopped.length + running.length + cleared.supervisors + cleared.workers === 0) context.out('no worker is running')
}

/** One line that is written over on a terminal; elsewhere only its first form. */
function progressOf(context: Context): { show: (line: string) => void; end: () => void } {
  let last = ''
  const tty = process.stderr.isTTY === true && !context.json
  return {
    show(line) {
      if (line === last || context.json || (last !== '' && !tty)) return
      last = line
      context.err(tty ? `\r\x1b[K${line}` : `${line}\n`)
    },
    end() {
      if (tty && last !== '') context.err('\r\x1b[K')
    },
  }
}
