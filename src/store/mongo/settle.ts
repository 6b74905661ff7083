import { isFinal, type JobState } from '../../domain/job.ts'
import { honourCancel, type Settlement } from '../../domain/outcome.ts'
import type { JobStore, SettleParams } from '../port.ts'
import type { Claiming } from './claim.ts'
import type { Connection } from './connection.ts'
import { type Assignments, literal, type RunDocument, runsIn, waitingView } from './documents.ts'
import { unlessUnfit } from './errors.ts'
import { UNHELD } from './schema.ts'
import { ifDate, listIn } from './type-guards.ts'

/** Runs kept for each job. */
export const HISTORY = 20

const CANCEL_REQUESTED = { $ne: ['$cancel_requested_at', null] }

/**
 * Settling a job and claiming the next are two writes, at the same time unless the settled job itself may be the next.
 */
export function settling(db: Connection, { claim, doubt }: Claiming): Pick<JobStore, 'settle'> {
  return {
    async settle(params) {
      const { next } = params
      if (!next) return { state: await settleOne(db, params), next: null }
      if (params.settlement.state === 'pending') return { state: await settleOne(db, params), next: await claim(next) }
      const [settled, claimed] = await Promise.allSettled([settleOne(db, params), claim(next)])
      // A repeated settle returns its answer again. A job that was claimed beside a failed settle is found by the next
      // claim.
      const token = claimed.status === 'fulfilled' ? claimed.value.job?.lease_token : null
      if (settled.status === 'rejected' && token) doubt(next.worker_id, token)
      if (settled.status === 'rejected') throw settled.reason
      if (claimed.status === 'rejected') throw claimed.reason
      return { state: settled.value, next: claimed.value }
    },
  }
}

async function settleOne(db: Connection, params: SettleParams): Promise<JobState | null> {
  const held = { _id: params.id, state: 'processing', lease_token: params.token } as const
  const options = { returnDocument: 'after', updatePipeline: true, projection: { state: 1 } } as const
  const write = (set: Assignments) => db.models.jobs.findOneAndUpdate(held, [{ $set: set }], options).lean()
  // Quarantined, or the job could never be settled, and its worker would try for ever.
  const job = await db.call(() =>
    unlessUnfit(
      () => write(settled(params)),
      () => write(quarantined(params)),
    ),
  )
  return job?.state ?? recorded(db, params)
}

/** For a job whose damaged document refuses its settlement: makes it `dead`, with only this run on record. */
function quarantined(params: SettleParams): Assignments {
  const { settlement } = params
  const dead: Settlement = { ...settlement, state: 'dead', reason: 'its stored fields are damaged' }
  return settled({ ...params, settlement: isFinal(settlement.state) ? settlement : dead }, [])
}

/**
 * The job's fields after a run, whose entry is added to the runs `kept`. The same write checks for a cancel request
 * (R7).
 */
function settled({ token, settlement, run }: SettleParams, kept: unknown = listIn('$history')): Assignments {
  const honoured = honourCancel(settlement)
  const either = (value: (settlement: Settlement) => unknown) =>
    honoured === settlement ? value(settlement) : { $cond: [CANCEL_REQUESTED, value(honoured), value(settlement)] }
  const entry: Record<keyof RunDocument, unknown> = {
    number: '$runs',
    token: '$run_token',
    fence: literal(token),
    worker: literal(run.worker),
    host: literal(run.host),
    started_at: '$started_at',
    finished_at: finishedAt(run.run_ms),
    outcome: either((s) => s.run_outcome),
    exit_code: literal(settlement.exit_code),
    signal: literal(settlement.signal),
    cause: literal(settlement.cause),
    state: either((s) => s.state),
    requeues: '$requeues',
  }
  return {
    state: either((s) => s.state),
    view: either((s) => (s.state === 'pending' ? waitingView(s.delay_ms > 0, s.attempts) : s.state)),
    next_run_at: either((s) => (s.state === 'pending' ? { $add: ['$$NOW', s.delay_ms] } : '$next_run_at')),
    finished_at: either((s) => (isFinal(s.state) ? '$$NOW' : null)),
    reason: either((s) => literal(s.reason)),
    attempts: either((s) => s.attempts),
    interruptions: either((s) => s.interruptions),
    worker_deaths: either((s) => s.worker_deaths),
    exit_code: literal(settlement.exit_code),
    signal: literal(settlement.signal),
    updated_at: '$$NOW',
    // Amazon DocumentDB does not know $$NOW within a document in an expression, but accepts a variable with its value.
    history: { $let: { vars: { now: '$$NOW' }, in: { $slice: [{ $concatArrays: [kept, [entry]] }, -HISTORY] } } },
    ...UNHELD,
  }
}

/** When the run finished; `$$now` is a variable of the expression around it. */
function finishedAt(run_ms: number | null): unknown {
  return run_ms === null ? '$$now' : ifDate('$started_at', { $add: ['$started_at', Math.round(run_ms)] }, '$$now')
}

/**
 * The answer to a repeated settle: what the same token wrote before. Found by the fence, not by the run's token: a
 * worker that lost its job to a reaper must not take the reaper's entry for its own.
 */
async function recorded(db: Connection, { id, token }: SettleParams): Promise<JobState | null> {
  const job = await db.call(() => db.models.jobs.findOne({ _id: id }, { history: 1 }).lean())
  return runsIn(job).find(({ fence }) => fence === token)?.state ?? null
}
