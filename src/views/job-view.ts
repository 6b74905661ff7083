import { type Job, type Run, viewOf } from '../domain/job.ts'
import { fieldNames, JOB_FIELDS, type StoredName } from '../domain/job-fields.ts'
import { iso } from '../domain/units.ts'
import type { JobStore } from '../store/port.ts'

/** The fields in a job's JSON, in this order. */
const SHOWN = fieldNames<StoredName>(({ shown }) => shown !== false, ['id', 'command', 'shell'])
const TIMES = new Set(SHOWN.filter((name) => JOB_FIELDS[name].kind === 'time'))

/** The value of a field for views; null if it has no meaning in the job's state. */
export function shownValue<Name extends StoredName>(job: Job, name: Name): Job[Name] | null {
  return JOB_FIELDS[name].shown === 'pending' && job.state !== 'pending' ? null : job[name]
}

/**
 * A job as JSON: stored names, times in ISO 8601, durations in seconds, `view` after `state`. Without tokens and
 * digests, and without the folder where it was enqueued, which is not its `cwd`. `now`: epoch milliseconds of the
 * store's clock.
 */
export function jobToJson(job: Job, now: number): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  for (const name of SHOWN) {
    const value = shownValue(job, name)
    json[name] = TIMES.has(name) ? iso(value as number | null) : value
    if (name === 'state') json.view = viewOf(job, now)
  }
  return json
}

/** A run as JSON; `run_time` in seconds, null while it runs. */
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

/** The current run, which is not in the run history yet; null if the job is not running. */
function currentRun(job: Job, host: string): Run | null {
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

/** The runs of a job, oldest first, including the current one. */
export async function runsOf(store: JobStore, job: Job): Promise<Run[]> {
  const finished = await store.runs({ id: job.id })
  const current = currentRun(job, await hostOf(store, job))
  return current === null ? finished : [...finished, current]
}

async function hostOf(store: JobStore, { processing_by }: Job): Promise<string> {
  if (processing_by === null) return ''
  return (await store.processes()).find(({ id }) => id === processing_by)?.host ?? ''
}
