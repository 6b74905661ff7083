import { constants } from 'node:os'
import { EXIT, notFound } from '../../domain/errors.ts'
import { isFinal, type Job } from '../../domain/job.ts'
import { parseDuration } from '../../domain/units.ts'
import { monotonic } from '../../lib/clock.ts'
import type { JobStore } from '../../store/port.ts'
import { jobToJson } from '../../views/job-view.ts'
import { nobodyServes } from '../../views/process-view.ts'
import type { Context } from '../context.ts'
import { ownFailure } from '../failure.ts'
import { safe } from '../terminal/text.ts'
import { findJob } from './find-job.ts'
import { openTicker } from './ticker.ts'

/** How often a wait makes sure that somebody runs the jobs it waits for. */
const ASK_FOR_WORKERS_MS = 5_000

/** How a wait ended: the jobs in their final states, or why it ended before. */
export type Waited = { ended: 'all'; jobs: Job[] } | { ended: 'timeout' } | { ended: 'interrupted' }

export interface WaitOptions {
  /** Null: for ever. */
  timeout_ms: number | null
  /** Looks at the job after each change while it is waited for. */
  on_look?: (job: Job) => Promise<void>
  /** What is waited for; a final state unless told otherwise. */
  until?: (job: Job) => boolean
}

/** Waits until each of the jobs is final. Ctrl-C ends the wait and leaves the jobs. Throws `not_found` for one that is purged. */
export async function waitForJobs(
  context: Context,
  store: JobStore,
  ids: readonly string[],
  { timeout_ms, on_look, until = ({ state }) => isFinal(state) }: WaitOptions,
): Promise<Waited> {
  const interrupt = new AbortController()
  const onInterrupt = () => interrupt.abort()
  process.once('SIGINT', onInterrupt)
  const ticker = openTicker(store, interrupt.signal)
  const deadline = timeout_ms === null ? Number.POSITIVE_INFINITY : monotonic() + timeout_ms
  const lookout = noWorkerLookout(context, store)
  const jobs: Job[] = []
  try {
    // One after the other: all have to end, and one look at a time is cheap however many they are.
    for (const id of ids) {
      for (;;) {
        const job = await store.get({ id })
        if (job === null) throw notFound(`job ${id} is not there any more`)
        await on_look?.(job)
        if (until(job)) {
          jobs.push(job)
          break
        }
        if (interrupt.signal.aborted) return { ended: 'interrupted' }
        await lookout(job)
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

/** The exit code of a wait that ended; says on stderr why it was not for the jobs' sake. */
export function waitExitCode(context: Context, waited: Waited, ids: readonly string[]): number {
  if (waited.ended === 'interrupted') {
    context.note(`stopped waiting; ${ids.length === 1 ? `job ${ids[0]} goes on` : 'the jobs go on'}`)
    return EXIT.cancelled
  }
  if (waited.ended === 'timeout') {
    context.note(`not finished in time; ${ids.length === 1 ? `job ${ids[0]} goes on` : 'the jobs go on'}`)
    return EXIT.timed_out
  }
  const codes = waited.jobs.map(exitCodeOf)
  if (codes.length === 1) return codes[0] ?? EXIT.ok
  return codes.every((code) => code === EXIT.ok) ? EXIT.ok : EXIT.unsuccessful
}

/** A final job's own exit code, with the shell's conventions for what is none: 128 + n, 124, 130, 137, 125. */
function exitCodeOf(job: Job): number {
  if (job.state === 'completed') return EXIT.ok
  if (job.state === 'cancelled') return EXIT.cancelled
  if (job.reason === 'poison') return EXIT.poison
  if (job.reason === 'timeout') return EXIT.timed_out
  if (job.exit_code) return job.exit_code
  const signal = job.signal === null ? undefined : constants.signals[job.signal as NodeJS.Signals]
  return signal === undefined ? EXIT.own_failure : 128 + signal
}

/** Runs what waits for a job, so that whatever fails in queuectl itself is 125 and cannot be taken for the job's own code. */
export async function asWaiter<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw ownFailure(error)
  }
}

/** Says once that nobody runs the job, at the first look and each few seconds later. */
function noWorkerLookout(context: Context, store: JobStore): (job: Job) => Promise<void> {
  let said = false
  let next = 0
  return async (job) => {
    if (said || job.state !== 'pending' || monotonic() < next) return
    next = monotonic() + ASK_FOR_WORKERS_MS
    const nobody = await nobodyServes(store, job.queue)
    if (nobody === null) return
    said = true
    context.note(`${nobody}: job ${job.id} waits until queuectl worker start is typed in another terminal`)
  }
}

/** In one line how a job ended: `job1 completed`, `job1 dead: exit code 2`. */
export function jobEnd({ id, state, reason }: Job): string {
  return safe(`${id} ${state}${reason === null || reason === state ? '' : `: ${reason}`}`)
}

/** `wait`: until all of the jobs have ended. */
export async function wait(context: Context, texts: readonly string[], timeout: string | undefined): Promise<void> {
  const timeout_ms = timeout === undefined ? null : parseDuration(timeout, '--timeout') * 1000
  const store = await context.store()
  const ids: string[] = []
  for (const text of texts) ids.push((await findJob(store, text)).id)
  const waited = await waitForJobs(context, store, ids, { timeout_ms })
  if (context.json) {
    // Those that have not ended too: there is one document, however the wait ended.
    const jobs = await Promise.all(ids.map((id) => store.get({ id })))
    context.outJson(jobs.flatMap((job) => (job === null ? [] : [jobToJson(job, store.now())])))
  } else if (waited.ended === 'all') for (const job of waited.jobs) context.out(jobEnd(job))
  context.exit(waitExitCode(context, waited, ids))
}
