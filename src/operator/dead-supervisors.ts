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

/** What was left behind by dead supervisors on this host, and what became of it. */
export interface Cleared {
  supervisors: number
  workers: number
  runs: number
  /** Reasons by job id, of runs that could not be ended (R4). */
  stuck: Record<string, string>
}

/** Workers that live although their supervisor does not: they finish their jobs within the grace and end by themselves. */
export async function orphans(store: JobStore): Promise<WorkerRow[]> {
  const rows = await store.processes()
  const dead = new Set(deadSupervisors(rows).map(({ id }) => id))
  return rows.filter(
    (row) =>
      row.kind === 'worker' && platform.liveness(row.identity) === 'alive' && !lives(rows, dead, row.supervisor_id),
  ) as WorkerRow[]
}

/** Workers on other hosts whose supervisor is on record no more: nobody can be asked to stop them, and they end by themselves. */
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
 * Ends what dead supervisors left behind on this host: their workers, the runs of those, their rows (R8). `outcome` is what becomes
 * of runs that left no result.
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
  // What still owns a run, or lives, stays on record. Nothing to write is not written: a frozen supervisor may hold the store's lock.
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
