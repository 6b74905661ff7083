import { type Diagnosis, fine, problem, warning } from '../domain/diagnosis.ts'
import { relative } from '../domain/units.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { lowSpaceText } from '../views/disk-space.ts'
import { isServing, isSupervisor, type Seen, seenProcesses } from '../views/process-view.ts'

/**
 * Checks registered supervisors and workers: dead, silent or misplaced ones. `version`: the version of this program.
 */
export async function examineRegistry(store: JobStore, version: string): Promise<Diagnosis[]> {
  const rows = await seenProcesses(store)
  const findings = [
    ...(await stale(store, rows)),
    ...rows.filter(({ life }) => life === 'silent').map((row) => silent(row, store)),
    ...rows.flatMap((row) => elsewhere(row, store)),
    ...rows.flatMap((row) => older(row, version)),
    ...rows.flatMap(short),
  ]
  if (findings.length > 0) return findings
  const supervisors = rows.filter(isSupervisor).length
  return [
    fine('registry', supervisors === 0 ? 'no supervisor is registered' : `supervisors: ${supervisors}, all alive`),
  ]
}

/** The row of a worker that owns a run is kept: recovery needs it. */
async function stale(store: JobStore, rows: readonly Seen[]): Promise<Diagnosis[]> {
  const gone = rows.filter(({ life }) => life === 'gone')
  if (gone.length === 0) return []
  const owners = new Set((await store.processing()).map(({ processing_by }) => processing_by))
  const ids = gone.flatMap(({ id }) => (owners.has(id) ? [] : [id]))
  const message = `registered, but dead: ${gone.map(named).join(', ')}`
  if (ids.length === 0)
    return [warning('registry', message, 'their rows stay until their runs are recovered; see the check jobs')]
  return [
    {
      ...warning('registry', message, 'the next supervisor on this host, or queuectl doctor --fix, removes them'),
      async mend() {
        await store.deregister({ ids })
        return `removed the rows of ${ids.join(', ')}`
      },
    },
  ]
}

function silent(row: Seen, store: JobStore): Diagnosis {
  const message = `last heartbeat ${relative(row.beat_at, store.now())}: ${named(row)}`
  const hint =
    platform.liveness(row.identity) === 'alive'
      ? `it is frozen or cannot reach the store; queuectl worker stop --force ${row.id} kills it`
      : 'its host may be lost: supervisors on other hosts recover its jobs when their leases end'
  return warning('registry', message, hint)
}

function elsewhere(row: Seen, store: JobStore): Diagnosis[] {
  if (store.info.shared || platform.liveness(row.identity) !== 'elsewhere' || !isServing(row)) return []
  const message = `in another container, whose processes are not visible here: ${named(row)}`
  return [problem('registry', message, 'use one file from one container only, or share the queue through MongoDB')]
}

function older(row: Seen, version: string): Diagnosis[] {
  if (!isSupervisor(row) || row.life === 'gone' || row.version === version) return []
  const message = `queuectl ${row.version}, but this is ${version}: ${named(row)}`
  return [warning('registry', message, 'restart it at a convenient time')]
}

/** Low disk space on other hosts; `examineHost` checks the disks of this one. */
function short(row: Seen): Diagnosis[] {
  if (!isSupervisor(row) || !isServing(row) || !row.low_space) return []
  if (platform.liveness(row.identity) !== 'elsewhere') return []
  const message = `starts no jobs (${lowSpaceText(row.low_space)}): ${named(row)}`
  return [problem('space', message, 'free some space there, or lower the limit: queuectl config set min_free 0')]
}

const named = ({ kind, id, host, identity }: Seen) => `${kind} ${id} (pid ${identity.pid} on ${host})`
