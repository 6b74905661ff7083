import type { AnyProcess, SupervisorRow, WorkerRow } from '../domain/processes.ts'
import { SILENT_MS, timingOf } from '../domain/timing.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'

/** A registered process with what can be told about it from here. */
export type Seen<Row extends AnyProcess = AnyProcess> = Row & {
  /** `gone`: proved on this host. `silent`: no beat for longer than an owner may be quiet. */
  life: 'alive' | 'silent' | 'gone'
}

/** Whether a process that should run jobs does, as far as one can see. */
export const isServing = (row: Seen) => row.life === 'alive'

/** The registry: supervisors, each followed by its workers, the oldest first. Its wall clock is good enough for looking. */
export async function seenProcesses(store: JobStore): Promise<Seen[]> {
  const rows = await store.processes()
  const silent_ms = store.info.shared ? timingOf(true).lease_ms : SILENT_MS
  const seen = rows.map((row): Seen => {
    const gone = platform.liveness(row.identity) === 'gone'
    return { ...row, life: gone ? 'gone' : store.now() - row.beat_at > silent_ms ? 'silent' : 'alive' }
  })
  // Who stops takes its row away and then ends: one that is seen to be gone may have done so since the rows were read.
  const dead = seen.some(({ life }) => life === 'gone')
  const there = new Set(dead ? (await store.processes()).map(({ id }) => id) : [])
  return inOrder(seen.filter(({ id, life }) => life !== 'gone' || there.has(id)))
}

function inOrder(seen: readonly Seen[]): Seen[] {
  const supervisors = seen.filter(isSupervisor).sort((a, b) => a.started_at - b.started_at)
  const workers = seen.filter(isWorker).sort((a, b) => a.started_at - b.started_at || (a.id < b.id ? -1 : 1))
  const left = workers.filter((worker) => !supervisors.some(({ id }) => id === worker.supervisor_id))
  return [
    ...supervisors.flatMap((one) => [one, ...workers.filter((worker) => worker.supervisor_id === one.id)]),
    ...left,
  ]
}

/** Whether a row is a supervisor's. */
export const isSupervisor = (row: Seen): row is Seen<SupervisorRow> => row.kind === 'supervisor'

/** Whether a row is a worker's. */
export const isWorker = (row: Seen): row is Seen<WorkerRow> => row.kind === 'worker'

/** The host of a process, by name and id. */
export const hostOf = ({ host, identity }: Seen) => ({ host, host_id: identity.host_id })

/** Why nothing takes jobs from `queue` at the moment, in words; null when some supervisor does. */
export async function nobodyServes(store: JobStore, queue: string): Promise<string | null> {
  const supervisors = (await seenProcesses(store)).filter(isSupervisor).filter(isServing)
  const serving = supervisors.filter((one) => takes(one) && (one.queues === null || one.queues.includes(queue)))
  if (serving.some(({ low_space }) => !low_space)) return null
  if (serving.length > 0) return 'no job is started, for lack of disk space; see queuectl status'
  return supervisors.some(takes) ? `no worker takes jobs of queue "${queue}"` : 'no worker is running'
}

/** Whether it has workers that may take jobs: they may have been stopped one by one. */
const takes = ({ state, count }: SupervisorRow) => (state === 'starting' || state === 'running') && count > 0
