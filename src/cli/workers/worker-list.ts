import type { Job } from '../../domain/job.ts'
import type { RunningJob } from '../../domain/processes.ts'
import { bytes, formatDuration, iso, relative } from '../../domain/units.ts'
import { hostOf, isSupervisor, isWorker, type Seen, seenProcesses } from '../../views/process-view.ts'
import type { Context } from '../context.ts'
import { type Column, table } from '../terminal/table.ts'
import { safe } from '../terminal/text.ts'
import { hostNames } from './process-names.ts'

/** `worker list`: supervisors, each followed by its workers. */
export async function listProcesses(context: Context): Promise<void> {
  const store = await context.store()
  const [seen, processing] = await Promise.all([seenProcesses(store), store.processing()])
  const rows = seen.map((row) => atWork(row, processing))
  const now = store.now()
  if (context.json) {
    context.outJson(rows.map((row) => rowToJson(row, now)))
    return
  }
  if (rows.length === 0) {
    context.note('no worker is running')
    return
  }
  context.out(table(columns(rows, now), rows))
  for (const { id, run, note } of rows.flatMap(jobsOf)) {
    if (note !== null) context.note(`run ${run} of job ${id}: ${note}`)
  }
}

/** A worker with the jobs that it has now: its heartbeat told of them when it was written, seconds ago, and of what they use. */
function atWork(row: Seen, processing: readonly Job[]): Seen {
  if (!isWorker(row) || row.life !== 'alive') return row
  const jobs = processing
    .filter(({ processing_by }) => processing_by === row.id)
    .map((job): RunningJob => row.jobs.find(({ token }) => token === job.run_token) ?? justStarted(job))
  const { state } = row
  return {
    ...row,
    jobs,
    state: state === 'idle' && jobs.length > 0 ? 'busy' : state === 'busy' && jobs.length === 0 ? 'idle' : state,
  }
}

function justStarted({ id, runs: run, run_token, command, started_at, locked_at }: Job): RunningJob {
  const unknown = { pid: null, cpu: null, rss: null, note: null }
  return { id, run, token: run_token ?? '', command, started_at: started_at ?? locked_at ?? 0, ...unknown }
}

function columns(rows: readonly Seen[], now: number): Column<Seen>[] {
  const hostName = hostNames(rows.map(hostOf))
  return [
    { title: 'ID', text: (row) => (isWorker(row) ? `  ${row.id}` : row.id) },
    { title: 'HOST', text: (row) => hostName(hostOf(row)) },
    { title: 'PID', text: ({ identity }) => String(identity.pid), align: 'right' },
    { title: 'STATE', text: stateOf, colour: ({ life }) => (life === 'alive' ? null : 'red') },
    { title: 'CPU', text: (row) => percent(used(row, 'cpu')), align: 'right' },
    { title: 'MEMORY', text: (row) => bytes(used(row, 'rss')), align: 'right' },
    { title: 'RESTARTS', text: ({ restarts }) => String(restarts), align: 'right' },
    { title: 'DONE', text: ({ done }) => String(done), align: 'right' },
    { title: 'FAILED', text: ({ failed }) => String(failed), align: 'right' },
    { title: 'VERSION', text: (row) => (isSupervisor(row) ? row.version : '') },
    {
      title: 'HEARTBEAT',
      text: ({ beat_at }) => relative(beat_at, now),
      colour: ({ life }) => (life === 'alive' ? null : 'red'),
    },
    {
      title: 'JOB',
      text: (row) =>
        jobsOf(row)
          .map((job) => jobText(job, now))
          .join(', '),
      flexible: true,
    },
  ]
}

const stateOf = ({ life, state }: Seen) => (life === 'alive' ? state : life)
const jobsOf = (row: Seen): readonly RunningJob[] => (isWorker(row) ? row.jobs : [])
const jobText = ({ id, started_at }: RunningJob, now: number) =>
  `${safe(id)} ${formatDuration(runTime(started_at, now))}`
const runTime = (started_at: number, now: number) => Math.max(0, now - started_at) / 1000
const percent = (cpu: number | null) => (cpu === null ? 'n/a' : `${cpu.toFixed(1)} %`)

/** What the process and the trees of its jobs use together; null when its own figure is missing. */
function used(row: Seen, figure: 'cpu' | 'rss'): number | null {
  const own = row[figure]
  return own === null ? null : jobsOf(row).reduce((sum, job) => sum + (job[figure] ?? 0), own)
}

/** `cpu` (percent of a core) and `rss` (bytes) hold the jobs' trees too, as in the table. */
function rowToJson(row: Seen, now: number): Record<string, unknown> {
  const { id, kind, host, identity, restarts, done, failed, started_at, beat_at } = row
  const common = {
    id,
    kind,
    host,
    host_id: identity.host_id,
    pid: identity.pid,
    state: stateOf(row),
    cpu: used(row, 'cpu'),
    rss: used(row, 'rss'),
    restarts,
    done,
    failed,
    started_at: iso(started_at),
    beat_at: iso(beat_at),
    beat_age: Math.max(0, now - beat_at) / 1000,
  }
  if (isWorker(row)) {
    return { ...common, supervisor_id: row.supervisor_id, jobs: row.jobs.map((job) => runningToJson(job, now)) }
  }
  const { version, count, concurrency, queues, grace, cwd, log, low_space } = row as Extract<
    Seen,
    { kind: 'supervisor' }
  >
  return { ...common, version, count, concurrency, queues, grace, cwd, log, low_space: low_space ?? null }
}

function runningToJson({ token: _, ...job }: RunningJob, now: number): Record<string, unknown> {
  return { ...job, started_at: iso(job.started_at), run_time: runTime(job.started_at, now) }
}
