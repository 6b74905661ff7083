import { EXIT, QueuectlError } from '../../domain/errors.ts'
import { isFinal, type Job } from '../../domain/job.ts'
import { parseDuration } from '../../domain/units.ts'
import { monotonic } from '../../lib/clock.ts'
import type { Changed, JobStore } from '../../store/port.ts'
import type { Context } from '../context.ts'
import { idsToChange } from './find-job.ts'
import { reportChanges } from './report-changes.ts'
import { openTicker } from './ticker.ts'

/** `cancel`: requests the cancellation, and waits until running jobs have stopped (R7). */
export async function cancel(
  context: Context,
  texts: readonly string[],
  options: { timeout: string; wait: boolean },
): Promise<void> {
  const within_ms = options.wait ? parseDuration(options.timeout, '--timeout') * 1000 : 0
  const store = await context.store()
  const changes = await store.cancel({ ids: await idsToChange(context, store, texts) })
  const running = changes.filter(({ result }) => result === 'requested')
  if (running.length > 0 && options.wait) {
    if (!context.json) for (const { id } of running) context.note(`job ${id} is running; its worker is stopping it`)
    await settleRequests(store, running, within_ms)
  }
  const open = running.filter(({ result }) => result === 'requested').map(({ id }) => id)
  if (!options.wait && !context.json) for (const id of open) context.out(`${id} cancellation requested`)
  reportChanges(context, store, changes, { done: 'cancelled', rule: 'only waiting or running jobs can be cancelled' })
  if (open.length > 0 && options.wait) {
    throw new QueuectlError(
      'not_ended',
      EXIT.stop_timeout,
      `not stopped within ${options.timeout}: ${open.join(', ')}`,
      'the request stays in force: the worker that runs the job, or its recovery, cancels it',
    )
  }
}

/** Waits for the requested cancellations and updates each result that is final in time. */
async function settleRequests(store: JobStore, running: Changed[], within_ms: number): Promise<void> {
  const deadline = monotonic() + within_ms
  const ticker = openTicker(store)
  for (const change of running) {
    for (;;) {
      const job = await store.get({ id: change.id })
      change.job = job
      change.result = resultOf(job)
      if (change.result !== 'requested' || monotonic() >= deadline) break
      await ticker.next()
    }
  }
  ticker.close()
}

function resultOf(job: Job | null): Changed['result'] {
  if (job === null) return 'not_found'
  if (job.state === 'cancelled') return 'done'
  // A success that was settled before the request stands; a requeue from elsewhere withdrew the request.
  return isFinal(job.state) || job.cancel_requested_at === null ? 'wrong_state' : 'requested'
}
