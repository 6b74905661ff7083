import { hostname } from 'node:os'
import { randomWord } from '../domain/ids.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { SupervisorRow, WorkerRow } from '../domain/processes.ts'
import { timingOf } from '../domain/timing.ts'
import { platform } from '../platform/platform.ts'
import { openRunJournal } from '../runs/journal.ts'
import type { JobStore } from '../store/port.ts'
import { Reaper } from '../supervisor/reaper.ts'
import { endOwner } from '../supervisor/recovery.ts'
import type { Target } from './targets.ts'

/** What dead supervisors on this host left behind, and the result of the clean-up. */
export interface Cleared {
  supervisors: number
  workers: number
  runs: number
  /** Runs that could not be stopped: the reason by job id (R4). */
  stuck: Record<string, string>
}

/** Living workers of dead supervisors. They finish their jobs within the grace and then exit. */
export async function orphans(store: JobStore): Promise<WorkerRow[]> {
  const rows = await store.processes()
  const dead = new Set(deadSupervisors(rows).map(({ id }) => id))
  return rows.filter(
    (row) =>
      row.kind === 'worker' && platform.liveness(row.identity) === 'alive' && !lives(rows, dead, row.supervisor_id),
  ) as WorkerRow[]
}

/**
 * Workers on other hosts without a registered supervisor. No process can relay a stop to them; they exit by themselves.
 */
export async function strays(store: JobStore, target: Target): Promise<WorkerRow[]> {
  if (target.kind === 'process') return []
  const rows = await store.processes()
  return rows.filter(
    (row) =>
      row.kind === 'worker' &&
      (target.kind === 'all' || row.identity.host_id === target.host_id) &&
      platform.liveness(row.identity) === 'elsewhere' &&
      !rows.some(({ id }) => id === row.supervisor_id),
  ) as WorkerRow[]
}

/**
 * Cleans up after dead supervisors on this host: stops their workers and runs and removes their rows (R8). Runs without
 * a result get `outcome`.
 */
export async function clearLeftovers(store: JobStore, outcome: Outcome): Promise<Cleared> {
  const rows = await store.processes()
  const dead = deadSupervisors(rows)
  const ids = new Set(dead.map(({ id }) => id))
  const workers = rows.filter(
    (row): row is WorkerRow =>
      row.kind === 'worker' && platform.liveness(row.identity) !== 'elsewhere' && !lives(rows, ids, row.supervisor_id),
  )
  const reaper = new Reaper({
    store,
    platform,
    journal: openRunJournal(store.info.folder),
    by: `c-${randomWord(8)}`,
    host: hostname(),
    lease_ms: timingOf(store.info.shared).lease_ms,
    report: () => {},
  })
  let runs = 0
  for (const owner of [...workers, ...dead]) runs += await reaper.recoverOwner(owner, outcome)
  const ended = await Promise.all(workers.map((worker) => endOwner(platform, worker)))
  const stuck = Object.fromEntries(reaper.stuck)
  const left = [...workers, ...dead].map(({ id }) => id)
  // Rows stay while their process lives or owns a run. Without rows there is no write: a frozen supervisor may hold the
  // lock.
  if (left.length > 0 && Object.keys(stuck).length === 0 && ended.every(Boolean)) await store.deregister({ ids: left })
  return { supervisors: dead.length, workers: workers.length, runs, stuck }
}

function deadSupervisors(rows: Awaited<ReturnType<JobStore['processes']>>): SupervisorRow[] {
  return rows.filter(
    (row) => row.kind === 'supervisor' && platform.liveness(row.identity) === 'gone',
  ) as SupervisorRow[]
}

/** Whether the supervisor `id` is registered and not dead. */
function lives(rows: Awaited<ReturnType<JobStore['processes']>>, dead: ReadonlySet<string>, id: string): boolean {
  return !dead.has(id) && rows.some((row) => row.id === id)
}
