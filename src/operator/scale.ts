import { EXIT, invalid, notFound, QueuectlError } from '../domain/errors.ts'
import { randomWord } from '../domain/ids.ts'
import type { AnyProcess, SupervisorRow } from '../domain/processes.ts'
import { isSilent } from '../domain/timing.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { ambiguous, findTarget, isTarget, type Target } from './targets.ts'

const LOOK_MS = { local: 20, shared: 100 }

export interface ScaleParams {
  /** Workers wanted from now on. */
  count: number
  /** The id of a supervisor, or the name or id of a host that has one; null: the only one there is. */
  target: string | null
  /** The beginning of an id will do. */
  abbreviated: boolean
  timeout_ms: number
}

export interface ScaleReport {
  supervisor: string
  pid: number
  host: string
  host_id: string
  from: number
  to: number
}

/**
 * Asks one supervisor for `count` workers and waits for its answer. A count for several at once is refused, since it could mean each
 * of them or all together. Throws `not_found`, `ambiguous_id`, `wrong_state` for a supervisor that stops, and `no_answer`.
 */
export async function scaleWorkers(store: JobStore, params: ScaleParams): Promise<ScaleReport> {
  const row = choose(store, await store.processes(), params)
  const { id: supervisor, host, identity } = row
  const id = `c-${randomWord(12)}`
  await store.ask({ id, supervisor_id: supervisor, kind: 'scale', args: { count: params.count } })
  const { from, to } = await answer(store, id, row, params.timeout_ms)
  return { supervisor, pid: identity.pid, host, host_id: identity.host_id, from, to }
}

function choose(
  store: JobStore,
  rows: readonly AnyProcess[],
  { target: text, abbreviated }: ScaleParams,
): SupervisorRow {
  const target: Target = text === null ? { kind: 'all' } : findTarget(rows, text, abbreviated)
  if (target.kind === 'process' && target.row.kind === 'worker') {
    throw invalid(`${target.row.id} is one worker`, 'name a supervisor or a host; worker stop ends one worker')
  }
  const there = rows.filter(
    (row): row is SupervisorRow =>
      row.kind === 'supervisor' && isTarget(row, target) && platform.liveness(row.identity) !== 'gone',
  )
  const beating = there.filter(({ beat_at }) => !isSilent(store.now() - beat_at, store.info))
  const [row, ...more] = beating.length > 0 ? beating : there
  if (row === undefined) throw notFound('no worker is running', 'queuectl worker start --count N')
  if (more.length === 0) return row
  const candidates = [row, ...more].map(({ id, host, count }) => `${id} on ${host} has ${count}`)
  throw ambiguous(`there are several supervisors: ${candidates.join(', ')}`, 'name one: queuectl worker scale N ID')
}

async function answer(
  store: JobStore,
  control_id: string,
  { id, host }: SupervisorRow,
  timeout_ms: number,
): Promise<{ from: number; to: number }> {
  const until = monotonic() + timeout_ms
  for (;;) {
    const control = await store.control({ id: control_id })
    if (control?.state === 'done') {
      if (control.result?.count) return control.result.count
      throw new QueuectlError('wrong_state', EXIT.unsuccessful, `supervisor ${id} on ${host} is stopping`)
    }
    const row = (await store.processes()).find((one) => one.id === id)
    if (!row || platform.liveness(row.identity) === 'gone') throw notFound(`supervisor ${id} on ${host} has ended`)
    if (monotonic() > until) {
      const beat_s = Math.max(0, Math.round((store.now() - row.beat_at) / 1000))
      throw new QueuectlError(
        'no_answer',
        EXIT.stop_timeout,
        `supervisor ${id} on ${host} does not answer; its last heartbeat was ${beat_s} s ago`,
        'it obeys when it comes back',
      )
    }
    await sleep(store.info.shared ? LOOK_MS.shared : LOOK_MS.local)
  }
}
