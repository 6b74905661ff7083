import type { RunningJob } from '../../domain/processes.ts'
import { bytes, formatDuration, relative } from '../../domain/units.ts'
import {
  atWork,
  hostOf,
  isSupervisor,
  isWorker,
  jobsOf,
  processToJson,
  runTime,
  type Seen,
  seenProcesses,
  stateOf,
  used,
} from '../../views/process-view.ts'
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
    context.outJson(rows.map((row) => processToJson(row, now)))
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

const jobText = ({ id, started_at }: RunningJob, now: number) =>
  `${safe(id)} ${formatDuration(runTime(started_at, now))}`

const percent = (cpu: number | null) => (cpu === null ? 'n/a' : `${cpu.toFixed(1)} %`)
