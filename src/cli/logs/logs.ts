import { notFound } from '../../domain/errors.ts'
import type { Job, Run } from '../../domain/job.ts'
import { lackOf, readOutput } from '../../logs/run-output.ts'
import type { JobStore } from '../../store/port.ts'
import { runsOf } from '../../views/job-view.ts'
import { wholeNumber } from '../arguments.ts'
import type { Context } from '../context.ts'
import { findJob } from '../jobs/find-job.ts'
import { waitForJobs } from '../jobs/wait.ts'
import { LogPrinter } from './log-printer.ts'
import { Follower } from './run-follower.ts'

export interface LogsOptions {
  run?: string
  tail?: string
  follow?: boolean
  raw?: boolean
}

/** `logs`: prints the output of one run; with --follow also of the runs that come. */
export async function logs(context: Context, text: string, options: LogsOptions): Promise<void> {
  const wanted = options.run === undefined ? null : wholeNumber(options.run, '--run', 1, 1e9)
  const tail = options.tail === undefined ? null : wholeNumber(options.tail, '--tail', 1, 1e9)
  const store = await context.store()
  const job = await findJob(store, text)
  const printer = new LogPrinter(context, options.raw === true)
  if (options.follow) return follow(context, store, job, printer, wanted, tail)
  const run = pick(job, await runsOf(store, job), wanted)
  const limits = tail === null ? {} : { tail }
  if (context.json) {
    const chunks: Buffer[] = []
    const { log } = await readOutput(store, run, (chunk) => chunks.push(chunk), limits)
    const output = Buffer.concat(chunks).toString()
    context.outJson({ id: job.id, run: run.number, outcome: run.outcome, log, output })
    return
  }
  printer.begin(run.number)
  const { log, lacks } = await readOutput(store, run, (chunk) => printer.print(chunk), limits)
  printer.end()
  const lack = lacks ? lackOf(run, log) : null
  if (lack !== null) context.note(lack)
}

async function follow(
  context: Context,
  store: JobStore,
  job: Job,
  printer: LogPrinter,
  wanted: number | null,
  tail: number | null,
): Promise<void> {
  if (wanted !== null) pick(job, await runsOf(store, job), wanted)
  const follower = new Follower(context, store, printer, {
    first: wanted ?? Math.max(1, job.runs),
    ...(wanted === null ? {} : { last: wanted }),
    tail,
  })
  const goesOn = ({ state, runs }: Job) => state === 'processing' && runs === wanted
  await waitForJobs(context, store, [job.id], {
    timeout_ms: null,
    on_check: (now) => follower.update(now),
    ...(wanted === null ? {} : { until: (now: Job) => !goesOn(now) }),
  }).finally(() => follower.close())
}

function pick(job: Job, runs: readonly Run[], wanted: number | null): Run {
  const run = wanted === null ? runs.at(-1) : runs.find(({ number }) => number === wanted)
  if (run !== undefined) return run
  if (runs.length === 0) throw notFound(`job ${job.id} has not run yet`, 'use --follow to wait for its output')
  throw notFound(
    `no run ${wanted} of job ${job.id} in the run history`,
    `it has ${runs.length === 1 ? 'run' : 'runs'} ${runs.map(({ number }) => number).join(', ')}`,
  )
}
