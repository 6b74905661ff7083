import type { Run } from '../../src/domain/job.ts'
import type { LedgerRun } from './facts.ts'
import type { Kill } from './killer.ts'
import type { Kind } from './kinds.ts'

/** Who died when, by our hand or a job's. */
export interface Deaths {
  /** Seconds since boot, by the id of a worker or supervisor. */
  by_id: ReadonlyMap<string, number>
  /** The same by the token of a run whose shell was killed. */
  by_token: ReadonlyMap<string, number>
  servers: readonly number[]
  supervisor_of: ReadonlyMap<string, string>
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
  const by_id = new Map(kills.flatMap(({ id, at }) => (id === null ? [] : [[id, at]])))
  for (const run of runs) for (const { worker, at } of run.kills) if (!by_id.has(worker)) by_id.set(worker, at)
  const by_token = new Map(kills.flatMap(({ token, at }) => (token === null ? [] : [[token, at]])))
  const servers = kills.filter(({ kind }) => kind === 'server').map(({ at }) => at)
  return { by_id, by_token, servers, supervisor_of }
}

/** Explains the end of a run on record; null: nothing that was done explains it. */
export function explain(run: Run, seen: LedgerRun | undefined, kind: Kind, deaths: Deaths): Explanation | null {
  switch (run.outcome) {
    case 'completed':
      return seen?.end?.code === 0 ? { why: 'its last line says so', killed_at: null } : null
    case 'failed':
      return explainFailure(run, seen, kind, deaths)
    case 'cancelled':
      return kind.cancel === undefined ? null : { why: 'cancelled', killed_at: null }
    case 'interrupted':
      return explainInterruption(run, seen, deaths)
    case 'released':
      return explainRelease(run, deaths)
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

function explainInterruption(run: Run, seen: LedgerRun | undefined, deaths: Deaths): Explanation | null {
  const { by_id, supervisor_of, servers } = deaths
  const killed_at = by_id.get(run.worker)
  if (run.cause === 'worker died') return killed_at === undefined ? null : { why: 'its worker was killed', killed_at }
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
  // A worker without a supervisor ends when it has nothing left, and does not know of a claim whose answer never came.
  const lost_answer = seen === undefined && servers.length > 0
  return lost_answer ? { why: 'the server died before it answered the claim', killed_at: null } : null
}

/**
 * A worker gives back what it holds when its supervisor is dead, or when the store was away for too long; and what it held is given
 * back when it dies in a stop.
 */
function explainRelease({ cause, worker }: Run, { by_id, supervisor_of, servers }: Deaths): Explanation | null {
  if (cause === 'store lost') return servers.length > 0 ? { why: 'the server was killed', killed_at: null } : null
  if (!['end of grace', 'not started', 'stop signal'].includes(cause ?? '')) return null
  if (!by_id.has(supervisor_of.get(worker) ?? '')) return null
  const killed_at = by_id.get(worker) ?? null
  return {
    why: killed_at === null ? 'its supervisor went' : 'its supervisor stopped, its worker was killed',
    killed_at,
  }
}
