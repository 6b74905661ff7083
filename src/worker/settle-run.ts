import type { Job } from '../domain/job.ts'
import { decide, type Outcome, type Settlement } from '../domain/outcome.ts'
import { AGAIN, type Pauses, retry } from '../lib/retry.ts'
import { killPoint } from '../platform/kill-point.ts'
import type { ClaimParams, JobStore, Settled } from '../store/port.ts'
import type { ShutdownDeadline } from './shutdown-deadline.ts'

/** With scatter: after an outage all workers would try at once. */
const PAUSES: Pauses = { first_ms: 100, longest_ms: 5_000, growth: 2, scatter: 0.5 }

export interface SettleRequest {
  job: Job
  outcome: Outcome
  run_ms: number | null
  worker: { id: string; host: string }
  /** Called for each try: what to claim in the same call; null: nothing. */
  next: () => ClaimParams | null
  deadline: ShutdownDeadline
  /** The store answered after the call was abandoned. */
  on_late: (settled: Settled) => void
  on_trouble: (message: string) => void
}

/**
 * Settles a run. While the store fails (locked, full) it tries again, because the result exists nowhere else but in the
 * run's `.done` file. Returns null if it gave up for a stop; recovery then applies that file (R5).
 */
export async function settleRun(
  store: JobStore,
  request: SettleRequest,
): Promise<(Settled & { settlement: Settlement }) | null> {
  const { job, deadline, worker } = request
  const settlement = decide(job, request.outcome)
  const run = { worker: worker.id, host: worker.host, run_ms: request.run_ms }
  const once = async () => {
    try {
      const next = request.next()
      const params = { id: job.id, token: job.lease_token ?? '', settlement, run }
      const settled = await deadline.wait(store.settle(next === null ? params : { ...params, next }), request.on_late)
      killPoint('settled', job.run_token ?? '')
      return settled && { ...settled, settlement }
    } catch (error) {
      request.on_trouble(`cannot record the result of job ${job.id}: ${(error as Error).message}`)
      return deadline.stopping ? null : AGAIN
    }
  }
  return retry(once, PAUSES)
}
