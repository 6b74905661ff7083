import { type Job, type Run, viewOf } from '../domain/job.ts'
import { iso } from '../domain/units.ts'
import type { JobStore } from '../store/port.ts'

/**
 * A job as machines see it: stored names, times in ISO 8601, durations in seconds, `view` beside `state`. Tokens and digests
 * stay inside; so does where it was enqueued, which is not the caller's `cwd`. `now`: epoch milliseconds of the store's clock.
 */
export function jobToJson(job: Job, now: number): Record<string, unknown> {
  const {
    id,
    command,
    queue,
    state,
    priority,
    attempts,
    max_retries,
    runs,
    interruptions,
    max_interruptions,
    requeues,
  } = job
  return {
    id,
    command,
    shell: job.shell,
    queue,
    state,
    view: viewOf(job, now),
    priority,
    attempts,
    max_retries,
    runs,
    interruptions,
    max_interruptions,
    requeues,
    backoff_base: job.backoff_base,
    backoff_max: job.backoff_max,
    timeout: job.timeout,
    cwd: job.cwd,
    env: job.env,
    created_at: iso(job.created_at),
    updated_at: iso(job.updated_at),
    next_run_at: job.state === 'pending' ? iso(job.next_run_at) : null,
    processing_by: job.processing_by,
    locked_at: iso(job.locked_at),
    lease_expires_at: iso(job.lease_expires_at),
    started_at: iso(job.started_at),
    finished_at: iso(job.finished_at),
    exit_code: job.exit_code,
    signal: job.signal,
    reason: job.reason,
    cancel_requested_at: iso(job.cancel_requested_at),
  }
}

/** A run as machines see it; `run_time` in seconds, null while it goes on. */
export function runToJson(run: Run): Record<string, unknown> {
  return {
    run: run.number,
    worker: run.worker,
    host: run.host,
    started_at: iso(run.started_at),
    finished_at: iso(run.finished_at),
    run_time: run.finished_at === null ? null : (run.finished_at - run.started_at) / 1000,
    outcome: run.outcome,
    exit_code: run.exit_code,
    signal: run.signal,
    cause: run.cause,
  }
}

/** The run that goes on now, which is not in the run history yet; null when there is none. */
export function currentRun(job: Job, host: string): Run | null {
  if (job.state !== 'processing' || job.run_token === null) return null
  return {
    number: job.runs,
    token: job.run_token,
    worker: job.processing_by ?? '',
    host,
    started_at: job.started_at ?? job.locked_at ?? job.updated_at,
    finished_at: null,
    outcome: null,
    exit_code: null,
    signal: null,
    cause: null,
  }
}

/** The runs of a job, oldest first, the one that goes on now included. */
export async function runsOf(store: JobStore, job: Job): Promise<Run[]> {
  const ended = await store.runs({ id: job.id })
  const current = currentRun(job, await hostOf(store, job))
  return current === null ? ended : [...ended, current]
}

async function hostOf(store: JobStore, { processing_by }: Job): Promise<string> {
  if (processing_by === null) return ''
  return (await store.processes()).find(({ id }) => id === processing_by)?.host ?? ''
}
