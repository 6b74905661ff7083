import { EXIT, QueuectlError } from '../domain/errors.ts'
import type { AnyProcess } from '../domain/processes.ts'
import { BEYOND_GRACE_MS } from '../domain/timing.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import { hostId } from '../platform/host.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { refuseDouble } from '../supervisor/namespace.ts'
import { endOwner } from '../supervisor/recovery.ts'
import { type Cleared, clearLeftovers, orphans, strays } from './dead-supervisors.ts'
import { StopRequest } from './stop-request.ts'
import { findTarget, isTarget, type Target } from './targets.ts'

/** A supervisor on another host receives a request within 2 s. One that has not answered by then counts as away. */
const UNANSWERED_MS = 10_000
/** A supervisor that has not stopped this long after a forced stop request does not answer. */
const FORCE_MS = 10_000
const POLL_MS = { local: 40, shared: 200 }

export interface StopParams {
  /** The id of a supervisor or worker, or the name or id of a host; null: all. */
  target: string | null
  /** Whether a prefix of an id is accepted. */
  abbreviated: boolean
  force: boolean
  /** null: the longest grace plus 10 s, but only 10 s for a host that does not answer. */
  timeout_ms: number | null
  on_progress: (now: readonly StopProgress[]) => void
}

/** How far the stop of one process has come. */
export interface StopProgress extends Stopped {
  phase: StopRequest['phase']
  /** Its remaining workers, and their running jobs. */
  workers: number
  running: number
}

export interface StopReport {
  stopped: Stopped[]
  /** What still ran, as far as is known, when the time was over. `answers` false: its host did not answer. */
  running: (Stopped & { answers: boolean; beat_age: number })[]
  killed: number
  released: number
  /** The clean-up after dead supervisors on this host. */
  cleared: Omit<Cleared, 'stuck'>
  /** Jobs and workers that are not proved gone: the reason by id (R4). */
  stuck: Record<string, string>
}

interface Stopped {
  kind: AnyProcess['kind']
  id: string
  pid: number
  host: string
  host_id: string
}

/**
 * Requests supervisors to stop, through the store and by signal where signals exist. Waits until they and their workers
 * are proved gone: by their processes on this host, by each supervisor's last report on other hosts. Cleans up after
 * dead supervisors on this host. Throws `not_found` and `ambiguous_id` for a target that matches no process, or
 * several.
 */
export async function stopWorkers(store: JobStore, params: StopParams): Promise<StopReport> {
  await refuseDouble(store)
  const rows = await store.processes()
  const target: Target = params.target === null ? { kind: 'all' } : findTarget(rows, params.target, params.abbreviated)
  const targets = rows.filter((row) => isTarget(row, target) && platform.liveness(row.identity) !== 'gone')
  const grace_ms = Math.max(0, ...rows.map((row) => (row.kind === 'supervisor' ? row.grace * 1000 : 0)))
  const until = monotonic() + (params.timeout_ms ?? (params.force ? 2 * FORCE_MS : grace_ms + BEYOND_GRACE_MS))
  const requests = await Promise.all(targets.map((row) => StopRequest.to(store, row, params.force)))
  await watch(store, requests, rows, until, params)
  const { stuck, ...cleared } = await clear(store, target, until, params)
  const results = requests.flatMap(({ result }) => result ?? [])
  const running = requests.filter(({ phase }) => phase !== 'stopped')
  const remaining = results.flatMap((result) => result.left ?? []).map(({ id, reason }) => [id, reason])
  return {
    stopped: requests.filter((one) => !running.includes(one)).map(({ row }) => brief(row)),
    running: [
      ...running.map((one) => ({ ...still(store, one.row), answers: !one.elsewhere || one.phase !== 'requested' })),
      ...(await strays(store, target)).map((row) => ({ ...still(store, row), answers: false })),
    ],
    killed: sum(results.map(({ killed }) => killed)) + (params.force ? cleared.runs : 0),
    released: sum(results.map(({ released }) => released)),
    cleared,
    stuck: { ...Object.fromEntries(remaining), ...stuck },
  }
}

/** Waits until all are gone, or the others are away or the time is over. */
async function watch(
  store: JobStore,
  requests: readonly StopRequest[],
  rows: readonly AnyProcess[],
  until: number,
  { force, timeout_ms, on_progress }: StopParams,
): Promise<void> {
  const force_at = force ? monotonic() + FORCE_MS : Number.POSITIVE_INFINITY
  const away_at = timeout_ms === null ? monotonic() + UNANSWERED_MS : Number.POSITIVE_INFINITY
  const isAway = (one: StopRequest) => one.elsewhere && one.phase === 'requested' && monotonic() > away_at
  for (;;) {
    const now = await store.processes()
    await Promise.all(requests.map((one) => one.update(rows, now)))
    on_progress(await progress(store, requests, now))
    const remaining = requests.filter(({ phase }) => phase !== 'stopped')
    if (remaining.every(isAway) || monotonic() > until) return
    if (monotonic() > force_at) for (const { row } of remaining) await killSupervisor(store, row)
    await sleep(store.info.shared ? POLL_MS.shared : POLL_MS.local)
  }
}

/** A frozen or hanging supervisor cannot stop itself: kills it, then stops its workers and runs from here. */
async function killSupervisor(store: JobStore, row: AnyProcess): Promise<void> {
  if (row.kind !== 'supervisor' || platform.liveness(row.identity) !== 'alive') return
  if (await endOwner(platform, row)) await clearLeftovers(store, { kind: 'interrupted', cause: 'forced' })
}

/** Waits for workers without a supervisor, which drain by themselves, then cleans up what remains on this host. */
async function clear(
  store: JobStore,
  target: Target,
  until: number,
  { force, on_progress }: StopParams,
): Promise<Cleared> {
  const here = target.kind === 'all' || (target.kind === 'host' && target.host_id === hostId())
  for (;;) {
    const remaining = [...(here && !force ? await orphans(store) : []), ...(await strays(store, target))]
    if (remaining.length === 0 || monotonic() > until) break
    // Their rows are not reliable: no supervisor updates them any more.
    const owners = (await store.processing()).map(({ processing_by }) => processing_by)
    const running = (id: string) => owners.filter((owner) => owner === id).length
    on_progress(remaining.map((row) => ({ ...brief(row), phase: 'stopping', workers: 1, running: running(row.id) })))
    await sleep(POLL_MS.shared)
  }
  if (!here) return { supervisors: 0, workers: 0, runs: 0, stuck: {} }
  try {
    return await clearLeftovers(
      store,
      force ? { kind: 'interrupted', cause: 'forced' } : { kind: 'released', cause: 'end of grace' },
    )
  } catch (error) {
    throw new QueuectlError(
      'internal',
      EXIT.internal,
      `cannot clean up after dead supervisors: ${(error as Error).message}`,
    )
  }
}

async function progress(
  store: JobStore,
  requests: readonly StopRequest[],
  now: readonly AnyProcess[],
): Promise<StopProgress[]> {
  const jobs = await store.processing()
  return requests.map(({ row, phase }) => {
    const workers = now.filter(
      ({ id, ...one }) => id === row.id || ('supervisor_id' in one && one.supervisor_id === row.id),
    )
    const owners = new Set(workers.filter(({ kind }) => kind === 'worker').map(({ id }) => id))
    const running = jobs.filter(({ processing_by }) => owners.has(processing_by ?? '')).length
    return { ...brief(row), phase, workers: owners.size, running }
  })
}

function brief({ kind, id, identity, host }: AnyProcess): Stopped {
  return { kind, id, pid: identity.pid, host, host_id: identity.host_id }
}

const still = (store: JobStore, row: AnyProcess) => ({
  ...brief(row),
  beat_age: Math.max(0, store.now() - row.beat_at) / 1000,
})
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
