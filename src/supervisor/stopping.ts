import { EXIT, notFound, QueuectlError } from '../domain/errors.ts'
import type { Job } from '../domain/job.ts'
import type { AnyProcess, SupervisorRow, WorkerRow } from '../domain/process.ts'
import { randomWord } from '../domain/token.ts'
import { monotonic, sleep } from '../platform/clock.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { type Cleared, clearLeftovers, orphans } from './leftovers.ts'
import { endOwner } from './recovery.ts'

/** What a stop may take beyond the grace (R8). */
const BEYOND_GRACE_MS = 10_000
/** A supervisor that is told to use force and has not ended by then does not answer. */
const FORCE_MS = 10_000
const LOOK_MS = 40

export interface StopParams {
  /** A supervisor's or worker's id, or the beginning of one; null: all. */
  id: string | null
  force: boolean
  /** null: the longest grace and 10 s. */
  timeout_ms: number | null
  on_progress: (line: string) => void
}

export interface StopReport {
  stopped: Stopped[]
  /** What still ran when the time was over. */
  running: Stopped[]
  killed: number
  released: number
  cleared: Omit<Cleared, 'stuck'>
  stuck: Record<string, string>
}

type Stopped = { kind: AnyProcess['kind']; id: string; pid: number; host: string }

/**
 * Asks supervisors to stop, through the store and by signal where there are signals, and watches until they and their workers
 * are proved gone. Ends what dead supervisors left behind. Throws `not_found` when `id` is nobody's.
 */
export async function stopWorkers(store: JobStore, params: StopParams): Promise<StopReport> {
  const rows = await store.processes()
  const target = params.id === null ? null : find(rows, params.id)
  const targets = rows.filter((row) => isTarget(row, target) && platform.liveness(row.identity) !== 'gone')
  const grace_ms = Math.max(0, ...rows.map((row) => (row.kind === 'supervisor' ? row.grace * 1000 : 0)))
  const until = monotonic() + (params.timeout_ms ?? (params.force ? 2 * FORCE_MS : grace_ms + BEYOND_GRACE_MS))
  const controls = await Promise.all(targets.map((row) => ask(store, row, params.force)))
  const running = await watch(store, targets, rows, until, params)
  const results = await Promise.all(controls.map((id) => store.control({ id })))
  const counted = results.map((control) => control?.result ?? { killed: 0, released: 0 })
  const { stuck, ...cleared } = target === null ? await clear(store, until, params) : nothing()
  return {
    stopped: targets.filter((row) => !running.includes(row)).map(brief),
    running: running.map(brief),
    killed: sum(counted.map(({ killed }) => killed)) + (params.force ? cleared.runs : 0),
    released: sum(counted.map(({ released }) => released)),
    cleared,
    stuck,
  }
}

function find(rows: readonly AnyProcess[], text: string): AnyProcess {
  const found = rows.filter(({ id }) => id === text)
  const [row, ...more] = found.length > 0 ? found : rows.filter(({ id }) => id.startsWith(text))
  if (row === undefined)
    throw notFound(`no supervisor or worker has the id "${text}"`, 'queuectl worker list shows them')
  if (more.length === 0) return row
  throw notFound(`"${text}" begins several ids: ${[row, ...more].map(({ id }) => id).join(', ')}`, 'write more of it')
}

function isTarget(row: AnyProcess, target: AnyProcess | null): boolean {
  return target === null ? row.kind === 'supervisor' : row.id === target.id
}

/**
 * Stores the request and signals the supervisor. Returns the control's id. A store that is locked must not keep the signal from it;
 * with neither of the two the call throws as the store does.
 */
async function ask(store: JobStore, row: AnyProcess, force: boolean): Promise<string> {
  const id = `c-${randomWord(12)}`
  const one = row.kind === 'worker'
  const supervisor_id = one ? row.supervisor_id : row.id
  const args = one ? { force, worker_id: row.id } : { force }
  let trouble: unknown = null
  try {
    await store.ask({ id, supervisor_id, kind: 'stop', args })
  } catch (error) {
    trouble = error
  }
  const signaled = !one && platform.signal(row.identity, 'SIGTERM')
  if (trouble !== null && !signaled) throw trouble
  return id
}

/** Waits until all targets and their workers are gone. Returns the targets that are not. */
async function watch(
  store: JobStore,
  targets: readonly AnyProcess[],
  rows: readonly AnyProcess[],
  until: number,
  params: StopParams,
): Promise<AnyProcess[]> {
  const force_at = params.force ? monotonic() + FORCE_MS : Number.POSITIVE_INFINITY
  for (;;) {
    const now = await store.processes()
    const left = targets.filter((target) => !isGone(target, rows, now))
    if (left.length === 0 || monotonic() > until) return left
    params.on_progress(progress(left, now, await store.processing()))
    if (monotonic() > force_at) for (const row of left) await overpower(store, row)
    await sleep(LOOK_MS)
  }
}

/** Proof of the end: off the registry or dead there, and no process of it or its workers alive where we can look. */
function isGone(target: AnyProcess, before: readonly AnyProcess[], now: readonly AnyProcess[]): boolean {
  if (now.some(({ id, identity }) => id === target.id && platform.liveness(identity) !== 'gone')) return false
  const its = before.filter((row) => row.id === target.id || (row.kind === 'worker' && row.supervisor_id === target.id))
  return its.every((row) => platform.liveness(row.identity) !== 'alive')
}

/** A frozen or hanging supervisor cannot end itself: it is killed, and its workers and runs are ended from here. */
async function overpower(store: JobStore, row: AnyProcess): Promise<void> {
  if (row.kind !== 'supervisor' || platform.liveness(row.identity) !== 'alive') return
  if (await endOwner(platform, row)) await clearLeftovers(store, { kind: 'interrupted', cause: 'forced' })
}

/** Waits for workers without a supervisor, which drain by themselves, and ends what is left of them. */
async function clear(store: JobStore, until: number, { force, on_progress }: StopParams): Promise<Cleared> {
  for (;;) {
    const left = force ? [] : await orphans(store)
    if (left.length === 0 || monotonic() > until) break
    on_progress(`workers without a supervisor finish: ${left.length}, running jobs: ${running(left)}`)
    await sleep(LOOK_MS)
  }
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

function progress(left: readonly AnyProcess[], now: readonly AnyProcess[], jobs: readonly Job[]): string {
  const ids = new Set(left.map(({ id }) => id))
  const workers = now.filter(
    (row): row is WorkerRow => row.kind === 'worker' && (ids.has(row.id) || ids.has(row.supervisor_id)),
  )
  const owners = new Set(workers.map(({ id }) => id))
  const running = jobs.filter(({ processing_by }) => owners.has(processing_by ?? '')).length
  return `stopping ${[...ids].join(', ')}; workers: ${workers.length}, running jobs: ${running}`
}

const running = (workers: readonly WorkerRow[]) => sum(workers.map(({ jobs }) => jobs.length))
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
const nothing = (): Cleared => ({ supervisors: 0, workers: 0, runs: 0, stuck: {} })
const brief = ({ kind, id, identity, host }: SupervisorRow | WorkerRow): Stopped => ({
  kind,
  id,
  pid: identity.pid,
  host,
})
