import { admits, claimFilter } from '../domain/claim-filter.ts'
import type { Job } from '../domain/job.ts'
import type { AnyProcess, RunningJob, SupervisorRow, WorkerRow } from '../domain/processes.ts'
import { isSilent } from '../domain/timing.ts'
import { iso } from '../domain/units.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'

/** A registered process with its liveness as seen from this host. */
export type Seen<Row extends AnyProcess = AnyProcess> = Row & {
  /** `gone`: proved dead on this host. `silent`: no heartbeat for longer than an owner may be silent. */
  life: 'alive' | 'silent' | 'gone'
}

/** Whether a registered process works, as far as this host can see. */
export const isServing = (row: Seen) => row.life === 'alive'

/**
 * The registry: supervisors, each followed by its workers, the oldest first. The wall clock is exact enough for a view.
 */
export async function seenProcesses(store: JobStore): Promise<Seen[]> {
  const rows = await store.processes()
  const seen = rows.map((row): Seen => {
    const gone = platform.liveness(row.identity) === 'gone'
    return { ...row, life: gone ? 'gone' : isSilent(store.now() - row.beat_at, store.info) ? 'silent' : 'alive' }
  })
  // A process that stops removes its row and then exits: a process that is gone may have done so since the rows were
  // read.
  const dead = seen.some(({ life }) => life === 'gone')
  const registered = new Set(dead ? (await store.processes()).map(({ id }) => id) : [])
  return inOrder(seen.filter(({ id, life }) => life !== 'gone' || registered.has(id)))
}

function inOrder(seen: readonly Seen[]): Seen[] {
  const supervisors = seen.filter(isSupervisor).sort((a, b) => a.started_at - b.started_at)
  const workers = seen.filter(isWorker).sort((a, b) => a.started_at - b.started_at || (a.id < b.id ? -1 : 1))
  const orphans = workers.filter((worker) => !supervisors.some(({ id }) => id === worker.supervisor_id))
  return [
    ...supervisors.flatMap((one) => [one, ...workers.filter((worker) => worker.supervisor_id === one.id)]),
    ...orphans,
  ]
}

/** Whether a row is a supervisor's. */
export const isSupervisor = (row: Seen): row is Seen<SupervisorRow> => row.kind === 'supervisor'

/** Whether a row is a worker's. */
export const isWorker = (row: Seen): row is Seen<WorkerRow> => row.kind === 'worker'

/** The name and id of a process's host. */
export const hostOf = ({ host, identity }: Seen) => ({ host, host_id: identity.host_id })

/** Why no supervisor claims jobs of `queue` at the moment, as text; null if one does. */
export async function whyUnserved(store: JobStore, queue: string): Promise<string | null> {
  const supervisors = (await seenProcesses(store)).filter(isSupervisor).filter(isServing)
  const serving = supervisors.filter((one) => claims(one) && admits(claimFilter(one.queues), queue))
  if (serving.some(({ low_space }) => !low_space)) return null
  if (serving.length > 0) return 'no job starts because disk space is low (see queuectl status)'
  return supervisors.some(claims) ? `no worker serves queue "${queue}"` : 'no worker is running'
}

/** Whether a supervisor has workers that claim jobs: all of them may have been stopped one by one. */
const claims = ({ state, count }: SupervisorRow) => (state === 'starting' || state === 'running') && count > 0

/**
 * A worker with its current jobs. Its heartbeat, written seconds ago, names the jobs of that time and their resource
 * use.
 */
export function atWork(row: Seen, processing: readonly Job[]): Seen {
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

/** The state to show: `gone` or `silent` instead of the state in the row. */
export const stateOf = ({ life, state }: Seen) => (life === 'alive' ? state : life)

/** The jobs that a process runs. */
export const jobsOf = (row: Seen): readonly RunningJob[] => (isWorker(row) ? row.jobs : [])

/** Seconds since `started_at`. */
export const runTime = (started_at: number, now: number) => Math.max(0, now - started_at) / 1000

/** What the process and its jobs' process trees use together; null if its own figure is missing. */
export function used(row: Seen, figure: 'cpu' | 'rss'): number | null {
  const own = row[figure]
  return own === null ? null : jobsOf(row).reduce((sum, job) => sum + (job[figure] ?? 0), own)
}

/** A process as JSON. `cpu` (percent of a core) and `rss` (bytes) include the jobs' process trees, as in the table. */
export function processToJson(row: Seen, now: number): Record<string, unknown> {
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
