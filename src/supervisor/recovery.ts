import { newToken } from '../domain/ids.ts'
import type { Job } from '../domain/job.ts'
import { decide, type Outcome } from '../domain/outcome.ts'
import type { ProcessIdentity } from '../domain/processes.ts'
import { DEATH_MS } from '../domain/timing.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import { uploadLeftTail } from '../logs/tail-uploader.ts'
import { killPoint } from '../platform/kill-point.ts'
import type { Platform, Proof } from '../platform/platform.ts'
import type { RunJournal } from '../runs/journal.ts'
import type { JobStore } from '../store/port.ts'
import type { Report } from './events.ts'

/** The worker, on this host, that held the job. */
export interface Owner {
  id: string
  identity: ProcessIdentity
}

export interface RecoveryContext {
  store: JobStore
  platform: Platform
  journal: RunJournal
  /** ID of the process that recovers, which holds the job meanwhile. */
  by: string
  /** The host of the run, for the run history. */
  host: string
  lease_ms: number
  report: Report
}

/** Why a job is taken from its owner. */
export interface Verdict {
  /** The outcome of the run, unless its result is on disk. */
  outcome: Outcome
  /** The verdict rests on silence or an expired lease, not on a proven death: a renewal since then refutes it. */
  refutable?: boolean
}

/** The result of a recovery: settled, lost to another process that was first, or stuck for a reason. */
export type Recovered = 'settled' | 'lost' | { stuck: string }

/**
 * Takes a job from its owner, in the order that leaves no race (R1): fence, end the frozen owner, read the result that
 * the run wrote to disk (R5), end its processes, prove them gone (R4), settle. Without proof the job stays
 * `processing`, held by us, and the call may be repeated.
 */
export async function recoverJob(
  context: RecoveryContext,
  job: Job,
  owner: Owner | null,
  { outcome, refutable = false }: Verdict,
): Promise<Recovered> {
  const { store, journal, platform, lease_ms } = context
  const run_token = job.run_token ?? ''
  const new_token = newToken()
  const seen = refutable && job.lease_expires_at !== null ? { expires_at: job.lease_expires_at } : {}
  const held = { id: job.id, token: job.lease_token ?? '', new_token, by: context.by, lease_ms, ...seen }
  if (owner !== null) noteOwner(journal, run_token, owner)
  if (!(await store.fence(held))) return 'lost'
  killPoint('fenced')
  if (owner !== null && !(await endOwner(platform, owner)))
    return stuck(context, job, `worker ${owner.id} does not exit`)

  const done = journal.readDone(run_token)
  const proof = done === null ? await endRun(context, run_token, owner?.id ?? null) : null
  if (proof?.gone === false) return stuck(context, job, proof.reason)
  await uploadLeftTail(store, job, context.host)
  const settlement = decide(job, done?.outcome ?? outcome)
  // The holder may be a supervisor that died during recovery: then only the journal entry names the worker that ran the
  // job.
  const worker = journal.read(run_token)?.worker_id ?? owner?.id ?? job.processing_by ?? ''
  const run = { worker, host: context.host, run_ms: done?.run_ms ?? null }
  const { state } = await store.settle({ id: job.id, token: new_token, settlement, run })
  if (state === null) return 'lost'
  killPoint('recovered')
  journal.forget(run_token)
  const { run_outcome, cause } = settlement
  context.report({
    event: 'recovered',
    job: job.id,
    run: job.runs,
    outcome: run_outcome,
    cause,
    owner: run.worker,
    state,
  })
  return 'settled'
}

/**
 * The fence replaces the owner in the job: without an entry, a process that recovers in our place would not know whose
 * children to find.
 */
function noteOwner(journal: RunJournal, token: string, { id }: Owner): void {
  try {
    if (journal.read(token) === null) journal.owned({ token, worker_id: id })
  } catch {
    // A full disk must not stop the recovery, and the token still finds the processes that started.
  }
}

/**
 * Ends the processes of a run whose worker is dead: `holder`, unless the journal names another; null if the worker may
 * live on another host. Returns whether they are gone, and if not, why.
 */
export function endRun({ journal, platform }: RecoveryContext, token: string, holder: string | null): Promise<Proof> {
  const entry = journal.read(token)
  const worker = entry?.worker_id ?? holder
  const tree = { token, pid: entry?.pid ?? null, start: entry?.start ?? null, ...(worker && { worker }) }
  return platform.endTree(tree, { patience_ms: 0, sweep: true })
}

/** Kills a worker that may be frozen and waits up to `DEATH_MS` for its death. Returns whether it is dead. */
export async function endOwner(platform: Platform, owner: Owner): Promise<boolean> {
  const until = monotonic() + DEATH_MS
  while (platform.liveness(owner.identity) === 'alive') {
    if (monotonic() > until) return false
    platform.signal(owner.identity, 'SIGKILL')
    await sleep(5)
  }
  return true
}

function stuck(context: RecoveryContext, job: Job, reason: string): Recovered {
  context.report({ event: 'stuck', job: job.id, run: job.runs, reason })
  return { stuck: reason }
}
