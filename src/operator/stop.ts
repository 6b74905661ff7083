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

/** A supervisor on another host hears of a request within 2 s; one that has not by then is away. */
const UNANSWERED_MS = 10_000
/** A supervisor that is told to use force and has not ended by then does not answer. */
const FORCE_MS = 10_000
const LOOK_MS = { local: 40, shared: 200 }

export interface StopParams {
  /** The id of a supervisor or worker, or the name or id of a host; null: all. */
  target: string | null
  /** The beginning of an id will do. */
  abbreviated: boolean
  force: boolean
  /** null: the longest grace and 10 s, but 10 s for a host that does not answer. */
  timeout_ms: number | null
  on_progress: (now: readonly StopProgress[]) => void
}

/** How far one of those has come that were asked. */
export interface StopProgress extends Stopped {
  phase: StopRequest['phase']
  /** Its workers, and their jobs, that are left. */
  workers: number
  running: number
}

export interface StopReport {
  stopped: Stopped[]
  /** What still ran, as far as one knows, when the time was over. `answers` false: it is on a host that was not heard of. */
  running: (Stopped & { answers: boolean; beat_age: number })[]
  killed: number
  released: number
  /** What dead supervisors on this host had left behind. */
  cleared: Omit<Cleared, 'stuck'>
  /** What could not be proved gone: the reason by id of a job or worker (R4). */
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
 * Asks supervisors to stop, through the store and by signal where there are signals, and watches until they and their workers
 * are proved gone: by looking at their processes on this host, by each supervisor's last word on others. Ends what dead
 * supervisors left behind on this host. Throws `not_found` and `ambiguous_id` for a target that is nobody, or several.
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
  const left = results.flatMap((result) => result.left ?? []).map(({ id, reason }) => [id, reason])
  return {
    stopped: requests.filter((one) => !running.includes(one)).map(({ row }) => brief(row)),
    running: [
      ...running.map((one) => ({ ...still(store, one.row), answers: !one.elsewhere || one.phase !== 'requested' })),
      ...(await strays(store, target)).map((row) => ({ ...still(store, row), answers: false })),
    ],
    killed: sum(results.map(({ killed }) => killed)) + (params.force ? cleared.runs : 0),
    released: sum(results.map(({ released }) => released)),
    cleared,
    stuck: { ...Object.fromEntries(left), ...stuck },
  }
}

/** Waits until all are gone, or nothing more is to be expected of those that are not. */
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
    await Promise.all(requests.map((one) => one.look(rows, now)))
    on_progress(await progress(store, requests, now))
    const left = requests.filter(({ phase }) => phase !== 'stopped')
    if (left.every(isAway) || monotonic() > until) return
    if (monotonic() > force_at) for (const { row } of left) await overpower(store, row)
    await sleep(store.info.shared ? LOOK_MS.shared : LOOK_MS.local)
  }
}

/** A frozen or hanging supervisor cannot end itself: it is killed, and its workers and runs are ended from here. */
async function overpower(store: JobStore, row: AnyProcess): Promise<void> {
  if (row.kind !== 'supervisor' || platform.liveness(row.identity) !== 'alive') return
  if (await endOwner(platform, row)) await clearLeftovers(store, { kind: 'interrupted', cause: 'forced' })
}

/** Waits for workers without a supervisor, which drain by themselves, and ends what is left of them on this host. */
async function clear(
  store: JobStore,
  target: Target,
  until: number,
  { force, on_progress }: StopParams,
): Promise<Cleared> {
  const here = target.kind === 'all' || (target.kind === 'host' && target.host_id === hostId())
  for (;;) {
    const left = [...(here && !force ? await orphans(store) : []), ...(await strays(store, target))]
    if (left.length === 0 || monotonic() > until) break
    // Not what their rows say: nobody keeps those up to date any more.
    const owners = (await store.processing()).map(({ processing_by }) => processing_by)
    const running = (id: string) => owners.filter((owner) => owner === id).length
    on_progress(left.map((row) => ({ ...brief(row), phase: 'stopping', workers: 1, running: running(row.id) })))
    await sleep(LOOK_MS.shared)
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
      `cannot end what dead supervisors left: ${(error as Error).message}`,
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
