import { EXIT, QueuectlError } from '../../domain/errors.ts'
import { isFinal, type Job } from '../../domain/job.ts'
import { parseDuration } from '../../domain/units.ts'
import { monotonic } from '../../lib/clock.ts'
import type { Changed, JobStore } from '../../store/port.ts'
import type { Context } from '../context.ts'
import { idsToChange } from './find-job.ts'
import { reportChanges } from './report-changes.ts'
import { openTicker } from './ticker.ts'

/** `cancel`: asks, and waits until running jobs have ended (R7). */
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
    if (!context.json)
      for (const { id } of running) context.note(`job ${id} is running; its worker has been asked to end it`)
    await settleRequests(store, running, within_ms)
  }
  const open = running.filter(({ result }) => result === 'requested').map(({ id }) => id)
  if (!options.wait && !context.json) for (const id of open) context.out(`${id} asked to end`)
  reportChanges(context, store, changes, { done: 'cancelled', rule: 'only jobs that wait or run can be cancelled' })
  if (open.length > 0 && options.wait) {
    throw new QueuectlError(
      'not_ended',
      EXIT.stop_timeout,
      `not ended within ${options.timeout}: ${open.join(', ')}`,
      'the request stands, and holds for whoever runs or recovers the job',
    )
  }
}

/** Replaces `requested` by what came of it, for those that come to an end in time. */
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
  // A success that was settled before the request stands; a requeue by somebody else took the request back.
  return isFinal(job.state) || job.cancel_requested_at === null ? 'wrong_state' : 'requested'
}
