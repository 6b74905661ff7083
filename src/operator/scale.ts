import { EXIT, invalid, notFound, QueuectlError } from '../domain/errors.ts'
import { randomWord } from '../domain/ids.ts'
import type { AnyProcess, SupervisorRow } from '../domain/processes.ts'
import { isSilent } from '../domain/timing.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { ambiguous, findTarget, isTarget, type Target } from './targets.ts'

const POLL_MS = { local: 20, shared: 100 }

export interface ScaleParams {
  /** The new number of workers. */
  count: number
  /** The id of a supervisor, or the name or id of its host; null: the only supervisor. */
  target: string | null
  /** Whether a prefix of an id is accepted. */
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
 * Requests `count` workers from one supervisor and waits for its answer. Refuses several supervisors: the count could
 * mean each of them or all together. Throws `not_found`, `ambiguous_id`, `wrong_state` for a stopping supervisor, and
 * `no_answer`.
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
    throw invalid(`${target.row.id} is a worker`, 'name a supervisor or a host; worker stop stops a single worker')
  }
  const living = rows.filter(
    (row): row is SupervisorRow =>
      row.kind === 'supervisor' && isTarget(row, target) && platform.liveness(row.identity) !== 'gone',
  )
  const heard = living.filter(({ beat_at }) => !isSilent(store.now() - beat_at, store.info))
  const [row, ...more] = heard.length > 0 ? heard : living
  if (row === undefined) throw notFound('no worker is running', 'start some: queuectl worker start --count N')
  if (more.length === 0) return row
  const candidates = [row, ...more].map(({ id, host, count }) => `${id} on ${host} has ${count}`)
  throw ambiguous(`several supervisors are running: ${candidates.join(', ')}`, 'name one: queuectl worker scale N ID')
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
    if (!row || platform.liveness(row.identity) === 'gone') throw notFound(`supervisor ${id} on ${host} has stopped`)
    if (monotonic() > until) {
      const beat_s = Math.max(0, Math.round((store.now() - row.beat_at) / 1000))
      throw new QueuectlError(
        'no_answer',
        EXIT.stop_timeout,
        `supervisor ${id} on ${host} does not answer; last heartbeat ${beat_s} s ago`,
        'it scales when it is back',
      )
    }
    await sleep(store.info.shared ? POLL_MS.shared : POLL_MS.local)
  }
}
