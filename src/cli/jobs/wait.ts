import { constants } from 'node:os'
import { EXIT, notFound } from '../../domain/errors.ts'
import { isFinal, type Job } from '../../domain/job.ts'
import { parseDuration } from '../../domain/units.ts'
import { monotonic } from '../../lib/clock.ts'
import type { JobStore } from '../../store/port.ts'
import { jobToJson } from '../../views/job-view.ts'
import { whyUnserved } from '../../views/process-view.ts'
import type { Context } from '../context.ts'
import { ownFailure } from '../failure.ts'
import { safe } from '../terminal/text.ts'
import { findJob } from './find-job.ts'
import { openTicker } from './ticker.ts'

/** How often a wait checks that workers serve its jobs. */
const CHECK_WORKERS_MS = 5_000

/** The result of a wait: the jobs in their final states, or why it stopped early. */
export type Waited = { ended: 'all'; jobs: Job[] } | { ended: 'timeout' } | { ended: 'interrupted' }

export interface WaitOptions {
  /** Null: no limit. */
  timeout_ms: number | null
  /** Called with the job at each check. */
  on_check?: (job: Job) => Promise<void>
  /** The condition to wait for; by default a final state. */
  until?: (job: Job) => boolean
}

/**
 * Waits until all jobs are final. Ctrl-C stops the wait, not the jobs. Throws `not_found` for a job that was purged.
 */
export async function waitForJobs(
  context: Context,
  store: JobStore,
  ids: readonly string[],
  { timeout_ms, on_check, until = ({ state }) => isFinal(state) }: WaitOptions,
): Promise<Waited> {
  const interrupt = new AbortController()
  const onInterrupt = () => interrupt.abort()
  process.once('SIGINT', onInterrupt)
  const ticker = openTicker(store, interrupt.signal)
  const deadline = timeout_ms === null ? Number.POSITIVE_INFINITY : monotonic() + timeout_ms
  const warnUnserved = unservedWarning(context, store)
  const jobs: Job[] = []
  try {
    // One job after the other: all must finish, and one read at a time is cheap for any number of jobs.
    for (const id of ids) {
      for (;;) {
        const job = await store.get({ id })
        if (job === null) throw notFound(`job ${id} was purged`)
        await on_check?.(job)
        if (until(job)) {
          jobs.push(job)
          break
        }
        if (interrupt.signal.aborted) return { ended: 'interrupted' }
        await warnUnserved(job)
        if (monotonic() >= deadline) return { ended: 'timeout' }
        await ticker.next()
      }
    }
    return { ended: 'all', jobs }
  } finally {
    ticker.close()
    process.off('SIGINT', onInterrupt)
  }
}

/** The exit code of a wait. Prints on stderr why it stopped before the jobs were final. */
export function waitExitCode(context: Context, waited: Waited, ids: readonly string[]): number {
  const going_on = ids.length === 1 ? `job ${ids[0]} continues` : 'the jobs continue'
  if (waited.ended === 'interrupted') {
    context.note(`stopped waiting; ${going_on}`)
    return EXIT.cancelled
  }
  if (waited.ended === 'timeout') {
    context.note(`not finished in time; ${going_on}`)
    return EXIT.timed_out
  }
  const codes = waited.jobs.map(exitCodeOf)
  if (codes.length === 1) return codes[0] ?? EXIT.ok
  return codes.every((code) => code === EXIT.ok) ? EXIT.ok : EXIT.unsuccessful
}

/** The exit code of a final job; without one, by the shell's conventions: 128 + n, 124, 130, 137, 125. */
function exitCodeOf(job: Job): number {
  if (job.state === 'completed') return EXIT.ok
  if (job.state === 'cancelled') return EXIT.cancelled
  if (job.reason === 'poison') return EXIT.poison
  if (job.reason === 'timeout') return EXIT.timed_out
  if (job.exit_code) return job.exit_code
  const signal = job.signal === null ? undefined : constants.signals[job.signal as NodeJS.Signals]
  return signal === undefined ? EXIT.own_failure : 128 + signal
}

/**
 * Runs a command that waits for a job. A failure of queuectl itself is 125: it cannot be mistaken for the job's own
 * code.
 */
export async function asWaiter<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw ownFailure(error)
  }
}

/** Prints once that no worker serves the job. Checks at the first call, then every few seconds. */
function unservedWarning(context: Context, store: JobStore): (job: Job) => Promise<void> {
  let warned = false
  let next = 0
  return async (job) => {
    if (warned || job.state !== 'pending' || monotonic() < next) return
    next = monotonic() + CHECK_WORKERS_MS
    const reason = await whyUnserved(store, job.queue)
    if (reason === null) return
    warned = true
    context.note(`${reason}: job ${job.id} waits; run queuectl worker start in another terminal`)
  }
}

/** The result of a job in one line: `job1 completed`, `job1 dead: exit code 2`. */
export function jobEnd({ id, state, reason }: Job): string {
  return safe(`${id} ${state}${reason === null || reason === state ? '' : `: ${reason}`}`)
}

/** `wait`: waits until all jobs are final. */
export async function wait(context: Context, texts: readonly string[], timeout: string | undefined): Promise<void> {
  const timeout_ms = timeout === undefined ? null : parseDuration(timeout, '--timeout') * 1000
  const store = await context.store()
  const ids: string[] = []
  for (const text of texts) ids.push((await findJob(store, text)).id)
  const waited = await waitForJobs(context, store, ids, { timeout_ms })
  if (context.json) {
    // Unfinished jobs too: stdout gets one document, however the wait ended.
    const jobs = await Promise.all(ids.map((id) => store.get({ id })))
    context.outJson(jobs.flatMap((job) => (job === null ? [] : [jobToJson(job, store.now())])))
  } else if (waited.ended === 'all') for (const job of waited.jobs) context.out(jobEnd(job))
  context.exit(waitExitCode(context, waited, ids))
}
