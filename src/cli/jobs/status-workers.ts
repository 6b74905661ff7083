import { iso, relative } from '../../domain/units.ts'
import { hostOf, isServing, isSupervisor, isWorker, type Seen } from '../../views/process-view.ts'
import { paint } from '../terminal/table.ts'
import { safe } from '../terminal/text.ts'
import { hostNames } from '../workers/process-names.ts'

/** The processes of one host. */
interface HostSeen {
  host: string
  host_id: string
  processes: readonly Seen[]
}

/** Workers by what they do; those that are gone or silent by that. `total` is without those that are gone. */
export function workersByState(processes: readonly Seen[]): Record<string, number> {
  const counts: Record<string, number> = { total: 0, starting: 0, idle: 0, busy: 0, draining: 0, silent: 0, gone: 0 }
  for (const { state, life } of processes.filter(isWorker)) {
    const shown = life === 'alive' ? state : life
    counts[shown] = (counts[shown] ?? 0) + 1
    if (life !== 'gone') counts.total = (counts.total ?? 0) + 1
  }
  return counts
}

/** The same in words. */
export function workersText(processes: readonly Seen[]): string {
  const { total = 0, ...states } = workersByState(processes)
  const parts = Object.entries(states).filter(([, count]) => count > 0)
  const detail = parts.map(([state, count]) => `${count} ${safe(state)}`).join(', ')
  return detail === '' ? 'none' : `${total} (${detail})`
}

/** The hosts that have registered processes, in the order of the registry. */
export function hostsOf(processes: readonly Seen[]): HostSeen[] {
  const hosts = Map.groupBy(processes, ({ identity }) => identity.host_id)
  return [...hosts.values()].flatMap((rows) => (rows[0] ? [{ ...hostOf(rows[0]), processes: rows }] : []))
}

/** A line for each host, where there are several. */
export function hostPairs(processes: readonly Seen[], now: number): [string, string][] {
  const hosts = hostsOf(processes)
  if (hosts.length < 2) return []
  const name = hostNames(hosts)
  return hosts.map((host) => {
    const away = host.processes.some(isServing) ? '' : `, last heartbeat ${relative(lastBeat(host), now)}`
    return [`  ${name(host)}`, paint(workersText(host.processes) + away, away === '' ? null : 'red')]
  })
}

/** A host for machines. */
export function hostToJson(host: HostSeen, now: number): Record<string, unknown> {
  const beat_at = lastBeat(host)
  return {
    host: host.host,
    host_id: host.host_id,
    supervisors: host.processes.filter(isSupervisor).filter(isServing).length,
    workers: workersByState(host.processes),
    beat_at: iso(beat_at),
    beat_age: Math.max(0, now - beat_at) / 1000,
  }
}

const lastBeat = ({ processes }: HostSeen) => Math.max(...processes.map(({ beat_at }) => beat_at))
