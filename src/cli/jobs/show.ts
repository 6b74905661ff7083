import { type Job, type Run, viewOf } from '../../domain/job.ts'
import { fieldNames, JOB_FIELDS, type StoredName } from '../../domain/job-fields.ts'
import { formatDuration, relative } from '../../domain/units.ts'
import { decodeLines } from '../../logs/log-reader.ts'
import { type LogLocation, lackOf, readOutput } from '../../logs/run-output.ts'
import type { JobStore } from '../../store/port.ts'
import { jobToJson, runsOf, runToJson, shownValue } from '../../views/job-view.ts'
import type { Context } from '../context.ts'
import { type Column, paint, pairs, stateColour, table } from '../terminal/table.ts'
import { safe, safeLines } from '../terminal/text.ts'
import { localTime } from '../terminal/time.ts'

/** Lines of output shown for the last run, and for the runs before it. */
const LINES = { last: 10, before: 3 } as const
/** Runs whose output is shown to people; a job may have a hundred runs. */
const RUNS = 5

/** The fields shown, in this order. */
const FACTS = fieldNames<StoredName>(
  ({ label }) => label !== undefined,
  [
    ...(['id', 'state', 'queue', 'command', 'shell', 'cwd', 'env', 'attempts', 'interruptions'] as const),
    ...(['backoff_base', 'timeout', 'created_at', 'next_run_at', 'started_at', 'finished_at'] as const),
  ],
)

/** Lines that show more than their own field. */
const TEXTS: { [Name in StoredName]?: (job: Job, now: number) => string | null } = {
  state(job, now) {
    const view = viewOf(job, now)
    return job.reason === null || job.reason === view ? view : `${view} (${job.reason})`
  },
  queue: ({ queue, priority }) => `${queue}, priority ${priority}`,
  shell: ({ shell }) => (shell === 'default' ? null : shell),
  cwd: ({ cwd, origin_cwd }) => cwd ?? origin_cwd,
  attempts: ({ attempts, max_retries, runs }) =>
    `${attempts} failed of ${max_retries + 1}, ${runs} ${runs === 1 ? 'run' : 'runs'} in all`,
  interruptions: ({ interruptions }) => (interruptions > 0 ? `${interruptions}` : null),
  backoff_base: ({ backoff_base, backoff_max }) => `base ${backoff_base}, at most ${formatDuration(backoff_max)}`,
}

interface RunOutput {
  run: Run
  /** Its last lines. */
  lines: string[]
  log: LogLocation
}

/** Prints a job, its runs, and the last lines of their output. */
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
  const colour = stateColour(viewOf(job, now))
  return FACTS.flatMap((name): [string, string][] => {
    const text = TEXTS[name] ? TEXTS[name](job, now) : textOf(job, name, now)
    if (text === null) return []
    return [[JOB_FIELDS[name].label ?? name, name === 'state' ? paint(safe(text), colour) : safe(text)]]
  })
}

function textOf(job: Job, name: StoredName, now: number): string | null {
  const value = shownValue(job, name)
  if (value === null) return null
  switch (JOB_FIELDS[name].kind) {
    case 'time':
      return `${localTime(Number(value))} (${relative(Number(value), now)})`
    case 'duration':
    case 'limit':
      return formatDuration(Number(value))
    case 'variables':
      return Object.entries(value)
        .map((pair) => pair.join('='))
        .join('  ')
    default:
      return String(value)
  }
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
