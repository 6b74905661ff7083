import { effectiveSettings } from '../domain/settings.ts'
import { iso } from '../domain/units.ts'
import type { JobStore, Overview } from '../store/port.ts'
import { lowSpaces } from './disk-space.ts'
import { hostOf, isServing, isSupervisor, isWorker, type Seen, seenProcesses } from './process-view.ts'
import { SAMPLES_MS, type Throughput, throughput } from './throughput.ts'

/** The status of a queue at one moment. */
export interface Status {
  store: { kind: string; label: string }
  overview: Overview
  throughput: Throughput[]
  processes: Seen[]
  low_space: ReturnType<typeof lowSpaces>
  now: number
}

/** The processes of one host. */
export interface HostSeen {
  host: string
  host_id: string
  processes: readonly Seen[]
}

/** Reads the current status of the queue. */
export async function readStatus(store: JobStore): Promise<Status> {
  const now = store.now()
  const [overview, samples, processes, config] = await Promise.all([
    store.overview(),
    store.samples({ since: now - SAMPLES_MS }),
    seenProcesses(store),
    store.config(),
  ])
  const low_space = lowSpaces(store, processes, effectiveSettings(config))
  return { store: store.info, overview, throughput: throughput(samples, now), processes, low_space, now }
}

/** The status as JSON; `byQueue`: with the counts of each queue. */
export function statusToJson(
  { store, overview, throughput, processes, low_space, now }: Status,
  byQueue: boolean,
): Record<string, unknown> {
  const { total, queues, oldest_ready_at } = overview
  return {
    store: { kind: store.kind, label: store.label },
    jobs: total,
    oldest_ready_at: iso(oldest_ready_at),
    oldest_ready_age: oldest_ready_at === null ? null : Math.max(0, now - oldest_ready_at) / 1000,
    throughput: throughput.map(({ minutes, done, failed }) => ({ seconds: minutes * 60, done, failed })),
    supervisors: processes.filter(isSupervisor).filter(isServing).length,
    workers: workersByState(processes),
    low_space,
    hosts: hostsOf(processes).map((host) => hostToJson(host, now)),
    ...(byQueue ? { queues } : {}),
  }
}

/** The numbers of workers by state; gone or silent workers count as such. `total` excludes gone ones. */
export function workersByState(processes: readonly Seen[]): Record<string, number> {
  const counts: Record<string, number> = { total: 0, starting: 0, idle: 0, busy: 0, draining: 0, silent: 0, gone: 0 }
  for (const { state, life } of processes.filter(isWorker)) {
    const shown = life === 'alive' ? state : life
    counts[shown] = (counts[shown] ?? 0) + 1
    if (life !== 'gone') counts.total = (counts.total ?? 0) + 1
  }
  return counts
}

/** The hosts with registered processes, in the order of the registry. */
export function hostsOf(processes: readonly Seen[]): HostSeen[] {
  const hosts = Map.groupBy(processes, ({ identity }) => identity.host_id)
  return [...hosts.values()].flatMap((rows) => (rows[0] ? [{ ...hostOf(rows[0]), processes: rows }] : []))
}

/** A host as JSON. */
function hostToJson(host: HostSeen, now: number): Record<string, unknown> {
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

/** The last heartbeat of a host, epoch milliseconds. */
export const lastBeat = ({ processes }: HostSeen) => Math.max(...processes.map(({ beat_at }) => beat_at))
