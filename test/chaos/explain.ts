import type { Run } from '../../src/domain/job.ts'
import type { KillPoint } from '../../src/platform/kill-point.ts'
import type { LedgerRun } from './facts.ts'
import type { Kill } from './killer.ts'
import type { Kind } from './kinds.ts'

/** Kill points after the outcome is on disk. */
const KEEPS_OUTCOME: ReadonlySet<string | null> = new Set<KillPoint>(['noted', 'settled'])

/** A freeze of up to this many seconds is tolerated: a worker is killed when it does not answer for 15 s. */
const TOLERATED_S = 14

/** When which process died, killed by us or by a job. */
export interface Deaths {
  /** Seconds since boot, by the ID of a worker or supervisor. */
  by_id: ReadonlyMap<string, number>
  /** The same, by the token of a run whose shell was killed. */
  by_token: ReadonlyMap<string, number>
  /** Tokens of runs whose outcome was at least on disk when their worker died. */
  noted: ReadonlySet<string>
  servers: readonly number[]
  /** When supervisors and workers were frozen, by their IDs. */
  frozen: ReadonlyMap<string, readonly Freeze[]>
  supervisor_of: ReadonlyMap<string, string>
}

/** From when to when, in seconds since boot. */
export interface Freeze {
  from: number
  to: number
}

/** Why a run ended as it did, in a few words; `killed_at`: the death that cut it short. */
export interface Explanation {
  why: string
  killed_at: number | null
}

/** The deaths from `kills` and from the ledger. */
export function deathsOf(
  kills: readonly Kill[],
  runs: Iterable<LedgerRun>,
  supervisor_of: ReadonlyMap<string, string>,
): Deaths {
  // A stopped supervisor is gone too.
  const gone = kills.filter(({ kind }) => kind !== 'freeze')
  const by_id = new Map(gone.flatMap(({ id, at }) => (id === null ? [] : [[id, at]])))
  for (const run of runs) for (const { worker, at } of run.kills) if (!by_id.has(worker)) by_id.set(worker, at)
  const shells = kills.filter(({ kind }) => kind === 'shell')
  const by_token = new Map(shells.flatMap(({ token, at }) => (token === null ? [] : [[token, at]])))
  const noted = kills.flatMap(({ token, point }) => (token !== null && KEEPS_OUTCOME.has(point) ? [token] : []))
  const servers = kills.filter(({ kind }) => kind === 'server').map(({ at }) => at)
  const frozen = new Map<string, Freeze[]>()
  for (const { id, at, frozen_s } of kills) {
    if (id !== null && frozen_s !== null) frozen.set(id, [...(frozen.get(id) ?? []), { from: at, to: at + frozen_s }])
  }
  return { by_id, by_token, noted: new Set(noted), servers, frozen, supervisor_of }
}

/**
 * The most seconds a stop gives its workers: the grace of a chaos run, and the time for the end of a job and of a
 * worker.
 */
const STOP_S = 12

/**
 * Seconds that a worker had to record the end of a command, from `ended_at` to its death at `died_at`, without those in
 * which it was frozen. `died_at` null: we did not kill it, but the stop of its supervisor did if it was frozen then.
 */
export function timeToNote(worker: string, ended_at: number, died_at: number | null, deaths: Deaths): number {
  const freezes = (deaths.frozen.get(worker) ?? []).filter(({ to }) => to > ended_at)
  if (died_at === null) {
    const stop_at = deaths.by_id.get(deaths.supervisor_of.get(worker) ?? '') ?? Number.POSITIVE_INFINITY
    const fatal = freezes.find(({ from, to }) => from < stop_at + STOP_S && to > stop_at)
    return (fatal?.from ?? Number.POSITIVE_INFINITY) - ended_at
  }
  const still = freezes.map(({ from, to }) => Math.min(to, died_at) - Math.max(from, ended_at))
  return died_at - ended_at - still.reduce((sum, seconds) => sum + Math.max(0, seconds), 0)
}

/**
 * Explains the end of a recorded run; null: no kill explains it. `next_at`: when the job's next run began; undefined:
 * it had none.
 */
export function explain(
  run: Run,
  { seen, next_at }: { seen: LedgerRun | undefined; next_at: number | undefined },
  kind: Kind,
  deaths: Deaths,
): Explanation | null {
  switch (run.outcome) {
    case 'completed':
      return seen?.end?.code === 0 ? { why: 'its last line says so', killed_at: null } : null
    case 'failed':
      return explainFailure(run, seen, kind, deaths)
    case 'cancelled':
      return kind.cancel === undefined ? null : { why: 'cancelled', killed_at: null }
    case 'interrupted':
      return explainInterruption(run, seen, deaths, givenUpAt(run.worker, deaths, next_at))
    case 'released':
      return explainRelease(run, deaths, givenUpAt(run.worker, deaths, next_at))
    default:
      return null
  }
}

function explainFailure(run: Run, seen: LedgerRun | undefined, kind: Kind, deaths: Deaths): Explanation | null {
  if (run.signal !== null && run.cause?.startsWith('signal')) {
    const killed_at = deaths.by_token.get(run.token)
    return run.signal === 'SIGKILL' && killed_at !== undefined ? { why: 'its shell was killed', killed_at } : null
  }
  const meant = { why: 'on purpose', killed_at: null }
  if (run.cause === 'timeout') return kind.fields?.timeout === undefined ? null : meant
  if (run.cause?.startsWith('cannot start')) return kind.unseen ? meant : null
  const code = run.exit_code ?? 0
  return kind.exits.includes(code) && seen?.end?.code === code ? meant : null
}

function explainInterruption(
  run: Run,
  seen: LedgerRun | undefined,
  deaths: Deaths,
  frozen_at: number | undefined,
): Explanation | null {
  const { by_id, noted, supervisor_of, servers } = deaths
  // A run whose outcome is on disk does not run again (R5).
  if (noted.has(run.token)) return null
  const killed_at = by_id.get(run.worker)
  if (run.cause === 'worker died') {
    if (killed_at !== undefined) return { why: 'its worker was killed', killed_at }
    return frozen_at === undefined ? null : { why: 'its worker was frozen', killed_at: frozen_at }
  }
  if (run.cause !== 'supervisor died') return null
  const supervisor = supervisor_of.get(run.worker)
  // The holder has no supervisor because it is one: it held the job to recover it.
  if (supervisor === undefined)
    return killed_at === undefined ? null : { why: 'the supervisor that recovered it was killed', killed_at }
  const supervisor_at = by_id.get(supervisor)
  if (supervisor_at === undefined) return null
  if (killed_at !== undefined) {
    return { why: 'its worker and supervisor were killed', killed_at: Math.max(killed_at, supervisor_at) }
  }
  if (frozen_at !== undefined) {
    return { why: 'its supervisor died, its worker was frozen', killed_at: Math.max(frozen_at, supervisor_at) }
  }
  // A worker without a supervisor exits when it runs nothing, and does not know of a claim whose answer never came.
  const lost_answer = seen === undefined && servers.length > 0
  return lost_answer ? { why: 'the server died before it answered the claim', killed_at: null } : null
}

/**
 * A worker releases its jobs when its supervisor is dead, or when the store was away for too long; its supervisor
 * releases them when it dies during a stop.
 */
function explainRelease({ cause, worker }: Run, deaths: Deaths, frozen_at: number | undefined): Explanation | null {
  const { by_id, supervisor_of, servers } = deaths
  if (cause === 'store lost') return servers.length > 0 ? { why: 'the server was killed', killed_at: null } : null
  // The worker was frozen during the claim, and woke up when the lease was about to expire.
  if (cause === 'not started' && frozen_at !== undefined) return { why: 'its worker was frozen', killed_at: null }
  if (!['end of grace', 'not started', 'stop signal'].includes(cause ?? '')) return null
  if (!by_id.has(supervisor_of.get(worker) ?? '')) return null
  const killed_at = by_id.get(worker) ?? null
  return {
    why: killed_at === null ? 'its supervisor died or stopped' : 'its supervisor stopped, its worker was killed',
    killed_at,
  }
}

/** When the last freeze of that worker of more than `TOLERATED_S` began, before the next run. */
function givenUpAt(worker: string, { frozen }: Deaths, next_at = Number.POSITIVE_INFINITY): number | undefined {
  return frozen.get(worker)?.findLast(({ from, to }) => to - from > TOLERATED_S && from < next_at)?.from
}
