import type { Job } from '../domain/job.ts'
import { decide, type Outcome } from '../domain/lifecycle.ts'
import type { ProcessIdentity } from '../domain/process.ts'
import { newToken } from '../domain/token.ts'
import { monotonic, sleep } from '../platform/clock.ts'
import { killPoint } from '../platform/kill-point.ts'
import type { Platform, Proof } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import type { Traces } from '../worker/traces.ts'
import type { Tell } from './events.ts'
import { keepLeftOutput } from './left-output.ts'

/** SIGKILL is certain but not instant: a process in a system call ends when the call returns. */
const DEATH_MS = 2_000

/** The worker, on this host, that held the job. */
export interface Owner {
  id: string
  identity: ProcessIdentity
}

export interface RecoveryContext {
  store: JobStore
  platform: Platform
  traces: Traces
  /** Who recovers: the holder of the fence meanwhile. */
  by: string
  /** Where the run ran, for the books. */
  host: string
  lease_ms: number
  tell: Tell
}

/** Why a job is taken from its owner. */
export interface Verdict {
  /** What became of the run if it left no result. */
  outcome: Outcome
  /** It was judged by silence, or by the end of the lease, not by a death that was seen: a renewal since then refutes it. */
  refutable?: boolean
}

/** What recovery made of a job: settled, lost to somebody else who was first, or stuck for a reason. */
export type Recovered = 'settled' | 'lost' | { stuck: string }

/**
 * Takes a job from its owner, in the order that leaves no race (R1): fence, end the frozen owner, read what the run
 * itself left on disk (R5), end its processes, prove them gone (R4), settle. Without proof the job stays processing, held by us, and the
 * call may be repeated.
 */
export async function recoverJob(
  context: RecoveryContext,
  job: Job,
  owner: Owner | null,
  { outcome, refutable = false }: Verdict,
): Promise<Recovered> {
  const { store, traces, platform, lease_ms } = context
  const run_token = job.run_token ?? ''
  const new_token = newToken()
  const seen = refutable && job.lease_expires_at !== null ? { expires_at: job.lease_expires_at } : {}
  const held = { id: job.id, token: job.lease_token ?? '', new_token, by: context.by, lease_ms, ...seen }
  if (owner !== null) noteOwner(traces, run_token, owner)
  if (!(await store.fence(held))) return 'lost'
  killPoint('fenced')
  if (owner !== null && !(await endOwner(platform, owner)))
    return stuck(context, job, `worker ${owner.id} does not die`)

  const done = traces.readDone(run_token)
  const proof = done === null ? await endRun(context, run_token, owner?.id ?? null) : null
  if (proof?.gone === false) return stuck(context, job, proof.reason)
  await keepLeftOutput(store, job, context.host)
  const settlement = decide(job, done?.outcome ?? outcome)
  // Who holds the job may be one who died recovering it: only the trace knows who ran it then.
  const worker = traces.read(run_token)?.worker_id ?? owner?.id ?? job.processing_by ?? ''
  const run = { worker, host: context.host, run_ms: done?.run_ms ?? null }
  const { state } = await store.settle({ id: job.id, token: new_token, settlement, run })
  if (state === null) return 'lost'
  killPoint('recovered')
  traces.forget(run_token)
  const { run_outcome, cause } = settlement
  context.tell({
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

/** The fence takes the owner's name off the job: where no trace has it, who recovers in our place would not know whose children to look for. */
function noteOwner(traces: Traces, token: string, { id }: Owner): void {
  try {
    if (traces.read(token) === null) traces.owned({ token, worker_id: id })
  } catch {
    // A full disk keeps nobody from recovering, and the token still finds what has begun.
  }
}

/**
 * Ends the processes of a run whose worker is dead: `holder`, unless the traces name another; null where it may live, on another host. Whether
 * they are gone, and why not.
 */
export function endRun({ traces, platform }: RecoveryContext, token: string, holder: string | null): Promise<Proof> {
  const trace = traces.read(token)
  const worker = trace?.worker_id ?? holder
  const tree = { token, pid: trace?.pid ?? null, start: trace?.start ?? null, ...(worker && { worker }) }
  return platform.endTree(tree, { patience_ms: 0, sweep: true })
}

/** Ends a worker that may be frozen. Whether it is dead, which is waited for. */
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
  context.tell({ event: 'stuck', job: job.id, run: job.runs, reason })
  return { stuck: reason }
}
