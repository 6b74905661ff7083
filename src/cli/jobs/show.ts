import { type Job, type Run, viewOf } from '../../domain/job.ts'
import { formatDuration, relative } from '../../domain/units.ts'
import { decodeLines } from '../../logs/log-reader.ts'
import { type LogLocation, lackOf, readOutput } from '../../logs/run-output.ts'
import type { JobStore } from '../../store/port.ts'
import { jobToJson, runsOf, runToJson } from '../../views/job-view.ts'
import type { Context } from '../context.ts'
import { type Column, paint, pairs, stateColour, table } from '../terminal/table.ts'
import { safe, safeLines } from '../terminal/text.ts'
import { localTime } from '../terminal/time.ts'

/** Lines of output shown of the last run, and of those before it. */
const LINES = { last: 10, before: 3 } as const
/** Runs whose output is shown to people; a job may have been tried a hundred times. */
const RUNS = 5

interface RunOutput {
  run: Run
  /** Its last lines. */
  lines: string[]
  log: LogLocation
}

/** Prints a job, its runs, and the ends of their output. */
export async function showJob(context: Context, store: JobStore, job: Job): Promise<void> {
  const now = store.now()
  const runs = await runsOf(store, job)
  const before = context.json ? runs.slice(0, -1) : runs.slice(-RUNS, -1)
  const outputs: RunOutput[] = []
  for (const run of before) outputs.push(await outputOf(store, run, context.json ? LINES.last : LINES.before))
  for (const run of runs.slice(-1)) outputs.push(await outputOf(store, run, LINES.last))
  const last = outputs.at(-1)
  if (context.json) {
    const history = outputs.map(({ run, lines, log }) => ({ ...runToJson(run), last_output: lines, log }))
    context.outJson({ ...jobToJson(job, now), history, last_output: last?.lines ?? [], last_log: last?.log ?? null })
    return
  }
  context.out(pairs(facts(job, now)))
  if (runs.length > 0) context.out(`\n${table(columns(now), runs)}`)
  for (const { run, lines } of outputs.filter((output) => output.lines.length > 0))
    context.out(`\n${paint(`Last output (run ${run.number})`, 'dim')}\n${safeLines(lines.join('\n'))}`)
  for (const { run, log } of outputs) {
    const lack = lackOf(run, log)
    if (lack !== null) context.note(lack)
  }
}

async function outputOf(store: JobStore, run: Run, tail: number): Promise<RunOutput> {
  const chunks: Buffer[] = []
  const { log } = await readOutput(store, run, (chunk) => chunks.push(chunk), { tail })
  return { run, lines: decodeLines(Buffer.concat(chunks)), log }
}

function facts(job: Job, now: number): [string, string][] {
  const view = viewOf(job, now)
  const time = (at: number | null) => (at === null ? null : `${localTime(at)} (${relative(at, now)})`)
  const policy = `base ${job.backoff_base}, at most ${formatDuration(job.backoff_max)}`
  const entries: [string, string | null][] = [
    ['Id', job.id],
    ['State', job.reason === null || job.reason === view ? view : `${view} (${job.reason})`],
    ['Queue', `${job.queue}, priority ${job.priority}`],
    ['Command', job.command],
    ['Shell', job.shell === 'default' ? null : job.shell],
    ['Folder', job.cwd ?? job.origin_cwd],
    [
      'Variables',
      job.env &&
        Object.entries(job.env)
          .map(([name, value]) => `${name}=${value}`)
          .join('  '),
    ],
    ['Attempts', `${job.attempts} failed of ${job.max_retries + 1}, ${job.runs} runs in all`],
    ['Interruptions', job.interruptions > 0 ? `${job.interruptions}` : null],
    ['Backoff', policy],
    ['Timeout', job.timeout === null ? null : formatDuration(job.timeout)],
    ['Created', time(job.created_at)],
    ['Next run', job.state === 'pending' ? time(job.next_run_at) : null],
    ['Started', time(job.started_at)],
    ['Finished', time(job.finished_at)],
    ['Worker', job.processing_by],
    ['Lease until', time(job.lease_expires_at)],
    ['Cancel asked', time(job.cancel_requested_at)],
  ]
  return entries
    .filter((entry): entry is [string, string] => entry[1] !== null)
    .map(([name, value]) => [name, name === 'State' ? paint(safe(value), stateColour(view)) : safe(value)])
}

function columns(now: number): Column<Run>[] {
  return [
    { title: 'RUN', text: ({ number }) => String(number), align: 'right' },
    { title: 'WORKER', text: ({ worker }) => worker },
    { title: 'HOST', text: ({ host }) => host },
    { title: 'STARTED', text: ({ started_at }) => localTime(started_at) },
    {
      title: 'TIME',
      text: ({ started_at, finished_at }) => formatDuration(Math.max(0, ((finished_at ?? now) - started_at) / 1000)),
      align: 'right',
    },
    { title: 'OUTCOME', text: ({ outcome }) => outcome ?? 'running' },
    {
      title: 'CAUSE',
      text: ({ outcome, cause }) => (cause === null || cause === outcome ? '' : cause),
      flexible: true,
    },
  ]
}
