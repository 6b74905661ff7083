import type { Job, JobState, JobView, Run, RunOutcome } from '../../domain/job.ts'
import { isObject, runnableJob, type Stored, soundJob, soundRun } from '../row-checks.ts'

/** Times of a job: dates in the store, so that the server's clock can write and compare them. */
const TIMES = [
  'next_run_at',
  'created_at',
  'updated_at',
  'locked_at',
  'lease_expires_at',
  'started_at',
  'finished_at',
  'cancel_requested_at',
] as const satisfies (keyof Job)[]
type Time = (typeof TIMES)[number]

/** What a job is counted as. Unlike `viewOf` it changes by writes alone: a job whose time has come is promoted by a claim. */
export type StoredView = Exclude<JobState, 'pending'> | JobView

/** One execution that has ended. */
export interface RunDocument {
  number: number
  token: string
  /** The token that settled it: a repeated settle finds its own entry by it. */
  fence: string
  worker: string
  host: string
  started_at: Date
  finished_at: Date
  outcome: RunOutcome
  exit_code: number | null
  signal: string | null
  cause: string | null
  /** What it made of the job. */
  state: JobState
  /** How often the job had been requeued before it. */
  requeues: number
}

/** A document of `jobs`. */
export interface JobDocument
  extends Omit<Job, 'id' | 'env' | Time>,
    Record<Exclude<Time, 'next_run_at' | 'created_at' | 'updated_at'>, Date | null>,
    Record<'next_run_at' | 'created_at' | 'updated_at', Date> {
  /** The job's id. */
  _id: string
  /** Place in the queue among those of the same priority. */
  seq: number
  view: StoredView
  /** Names may have dots and dollars, which mean something else in the names of fields. */
  env: { name: string; value: string }[] | null
  /** The last runs, oldest first. */
  history: RunDocument[]
  /**
   * The last request (cancel, requeue, promote) that changed it: tells a repeated request that it was the first. Or an insert that was told
   * of it before any of those: a job with such a token is known to others than who stored it.
   */
  change_token: string | null
}

/** Fields for a `$set` in a pipeline. Strings must be `literal`: one that begins with a dollar would name a field. */
export type Assignments = { [Field in keyof JobDocument]?: unknown }

/** `value` for a pipeline, whatever it says. */
export const literal = (value: unknown) => ({ $literal: value })

/** What `toJob` does not need. */
export const JOB_PROJECTION = { history: 0, change_token: 0 } as const

/** A document of `jobs` by that projection. */
export type JobRow = Omit<JobDocument, keyof typeof JOB_PROJECTION>

/** The document of a job that is stored for the first time. */
export function toDocument({ id, env, ...job }: Job, seq: number): JobDocument {
  const times = Object.fromEntries(TIMES.map((name) => [name, dateOf(job[name])])) as Pick<JobDocument, Time>
  return {
    _id: id,
    seq,
    view: waitingView(job.next_run_at > job.created_at, job.attempts),
    ...job,
    ...times,
    env: env && Object.entries(env).map(([name, value]) => ({ name, value })),
    history: [],
    change_token: null,
  }
}

/** The job in a document. */
export function toJob(row: JobRow): Job {
  return soundJob(fieldsOf(row))
}

/** What keeps the job in a document from being run; null: nothing. */
export function flawIn(row: JobRow): string | null {
  const job = runnableJob(fieldsOf(row))
  return typeof job === 'string' ? job : null
}

/** The fields of a job, as they are stored: `undefined` for what is missing, and for variables that are none. */
function fieldsOf({ _id, seq: _seq, view: _view, env, ...rest }: JobRow): Stored {
  const times = Object.fromEntries(TIMES.map((name) => [name, timeOf(rest[name])]))
  return { ...rest, ...times, id: _id, env: env && envOf(env) }
}

/** Epoch milliseconds of a stored date; anything else stays what it is. */
export function timeOf(stored: unknown): unknown {
  return stored instanceof Date ? stored.getTime() : stored
}

function envOf(stored: unknown): unknown {
  if (!Array.isArray(stored) || !stored.every(isObject)) return undefined
  return Object.fromEntries(stored.map(({ name, value }) => [String(name), value]))
}

/** The runs in a document, oldest first, with their times in milliseconds. */
export function runsIn(row: { history?: unknown } | null): (Run & Pick<RunDocument, 'fence' | 'state' | 'requeues'>)[] {
  const history = Array.isArray(row?.history) ? row.history.filter(isObject) : []
  return history.map((run) => {
    const times = { started_at: timeOf(run.started_at), finished_at: timeOf(run.finished_at) }
    return soundRun({ ...run, ...times })
  })
}

/** View of a pending job. */
export function waitingView(waits: boolean, attempts: number): JobView {
  if (!waits) return 'ready'
  return attempts > 0 ? 'retrying' : 'scheduled'
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}
