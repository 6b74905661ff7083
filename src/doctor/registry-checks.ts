import { type Diagnosis, fine, problem, warning } from '../domain/diagnosis.ts'
import { relative } from '../domain/units.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { lowSpaceText } from '../views/disk-space.ts'
import { isServing, isSupervisor, type Seen, seenProcesses } from '../views/process-view.ts'

/** Supervisors and workers on record: rows of dead ones, silent ones, those that should not be here. `version`: of this program. */
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
  return [fine('registry', supervisors === 0 ? 'nobody is on record' : `supervisors: ${supervisors}, all alive`)]
}

/** A worker that owns a run stays on record: recovery needs to know who it was. */
async function stale(store: JobStore, rows: readonly Seen[]): Promise<Diagnosis[]> {
  const gone = rows.filter(({ life }) => life === 'gone')
  if (gone.length === 0) return []
  const owners = new Set((await store.processing()).map(({ processing_by }) => processing_by))
  const ids = gone.flatMap(({ id }) => (owners.has(id) ? [] : [id]))
  const message = `on record, but dead: ${gone.map(named).join(', ')}`
  if (ids.length === 0)
    return [warning('registry', message, 'their runs are theirs until they are recovered; see jobs')]
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
  const message = `not heard since ${relative(row.beat_at, store.now())}: ${named(row)}`
  const hint =
    platform.liveness(row.identity) === 'alive'
      ? `it is frozen, or cannot reach the store; queuectl worker stop --force ${row.id} ends it`
      : 'its host may be lost: supervisors elsewhere take its jobs when their leases end'
  return warning('registry', message, hint)
}

function elsewhere(row: Seen, store: JobStore): Diagnosis[] {
  if (store.info.shared || platform.liveness(row.identity) !== 'elsewhere' || !isServing(row)) return []
  const message = `in another container, where its processes cannot be seen: ${named(row)}`
  return [problem('registry', message, 'work on one file from one container, or share the queue through MongoDB')]
}

function older(row: Seen, version: string): Diagnosis[] {
  if (!isSupervisor(row) || row.life === 'gone' || row.version === version) return []
  const message = `queuectl ${row.version}, and this is ${version}: ${named(row)}`
  return [warning('registry', message, 'stop it and start it anew when it suits')]
}

/** On another host: this one's own disks are looked at from here. */
function short(row: Seen): Diagnosis[] {
  if (!isSupervisor(row) || !isServing(row) || !row.low_space) return []
  if (platform.liveness(row.identity) !== 'elsewhere') return []
  const message = `starts no job, with ${lowSpaceText(row.low_space)}: ${named(row)}`
  return [problem('space', message, 'make room there, or lower the limit: queuectl config set min_free 0')]
}

const named = ({ kind, id, host, identity }: Seen) => `${kind} ${id} (pid ${identity.pid} on ${host})`
