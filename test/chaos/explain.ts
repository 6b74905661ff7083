import type { Run } from '../../src/domain/job.ts'
import type { KillPoint } from '../../src/platform/kill-point.ts'
import type { LedgerRun } from './facts.ts'
import type { Kill } from './killer.ts'
import type { Kind } from './kinds.ts'

/** Kill points behind the note of an outcome. */
const KEEPS_OUTCOME: ReadonlySet<string | null> = new Set<KillPoint>(['noted', 'settled'])

/** A worker that stands still for less is borne with: it is killed when it does not answer for 15 s. */
const BORNE_S = 14

/** Who died when, by our hand or a job's. */
export interface Deaths {
  /** Seconds since boot, by the id of a worker or supervisor. */
  by_id: ReadonlyMap<string, number>
  /** The same by the token of a run whose shell was killed. */
  by_token: ReadonlyMap<string, number>
  /** Tokens of runs whose outcome was on disk, at the least, when their worker died. */
  noted: ReadonlySet<string>
  servers: readonly number[]
  /** When supervisors and workers stood still, by their ids. */
  frozen: ReadonlyMap<string, readonly Freeze[]>
  supervisor_of: ReadonlyMap<string, string>
}

/** From when to when, in seconds since boot. */
export interface Freeze {
  from: number
  to: number
}

/** Why a run ended as it did, in words of a few; `killed_at`: the death that cut it short. */
export interface Explanation {
  why: string
  killed_at: number | null
}

/** The deaths that `kills` and the ledger tell of. */
export function deathsOf(
  kills: readonly Kill[],
  runs: Iterable<LedgerRun>,
  supervisor_of: ReadonlyMap<string, string>,
): Deaths {
  // Who was told to stop ends too.
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

/** A stop gives its workers so long at most: the grace of a chaos run, and what a job's and a worker's end may take. */
const STOP_S = 12

/**
 * Seconds that a worker had, from `ended_at` on, to note the end of a command, until it died at `died_at`; those in which it stood still
 * do not count. Null: it did not die by our hand, but the stop of its supervisor ended it if it stood still then.
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
 * Explains the end of a run on record; null: nothing that was done explains it. `next_at`: when the job's next run began, if there is
 * one.
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
  // What had come to its end does not run again (R5).
  if (noted.has(run.token)) return null
  const killed_at = by_id.get(run.worker)
  if (run.cause === 'worker died') {
    if (killed_at !== undefined) return { why: 'its worker was killed', killed_at }
    return frozen_at === undefined ? null : { why: 'its worker stood still', killed_at: frozen_at }
  }
  if (run.cause !== 'supervisor died') return null
  const supervisor = supervisor_of.get(run.worker)
  // No supervisor of its own: it is one, which held the job to recover it.
  if (supervisor === undefined)
    return killed_at === undefined ? null : { why: 'who recovered it was killed', killed_at }
  const supervisor_at = by_id.get(supervisor)
  if (supervisor_at === undefined) return null
  if (killed_at !== undefined) {
    return { why: 'its worker and supervisor were killed', killed_at: Math.max(killed_at, supervisor_at) }
  }
  if (frozen_at !== undefined) {
    return { why: 'its supervisor died, its worker stood still', killed_at: Math.max(frozen_at, supervisor_at) }
  }
  // A worker without a supervisor ends when it has nothing left, and does not know of a claim whose answer never came.
  const lost_answer = seen === undefined && servers.length > 0
  return lost_answer ? { why: 'the server died before it answered the claim', killed_at: null } : null
}

/**
 * A worker gives back what it holds when its supervisor is dead, or when the store was away for too long; and what it held is given
 * back when it dies in a stop.
 */
function explainRelease({ cause, worker }: Run, deaths: Deaths, frozen_at: number | undefined): Explanation | null {
  const { by_id, supervisor_of, servers } = deaths
  if (cause === 'store lost') return servers.length > 0 ? { why: 'the server was killed', killed_at: null } : null
  // It stood still while it asked, and woke up when the lease was about to end.
  if (cause === 'not started' && frozen_at !== undefined) return { why: 'its worker stood still', killed_at: null }
  if (!['end of grace', 'not started', 'stop signal'].includes(cause ?? '')) return null
  if (!by_id.has(supervisor_of.get(worker) ?? '')) return null
  const killed_at = by_id.get(worker) ?? null
  return {
    why: killed_at === null ? 'its supervisor went' : 'its supervisor stopped, its worker was killed',
    killed_at,
  }
}

/** Since when that worker stood still for longer than is borne with, before the next run began. */
function givenUpAt(worker: string, { frozen }: Deaths, next_at = Number.POSITIVE_INFINITY): number | undefined {
  return frozen.get(worker)?.findLast(({ from, to }) => to - from > BORNE_S && from < next_at)?.from
}
