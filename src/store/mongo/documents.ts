import {
  JOB_VIEWS,
  type Job,
  type JobState,
  type JobView,
  type Run,
  type RunOutcome,
  type View,
} from '../../domain/job.ts'
import { JOB_FIELDS, type Kind, STORED_FIELDS, type StoredOfKind } from '../../domain/job-fields.ts'
import { isObject, runnableJob, type Stored, soundJob, soundRun } from '../row-checks.ts'

/** Times of a job: dates in the store, so that the server's clock can write and compare them. */
const TIMES = ofKind('time')
/** Stored as lists: names of variables may contain dots and dollars, which have a meaning in field names. */
const VARIABLES = ofKind('variables')

type Documented<Value, As> = As | (null extends Value ? null : never)
type Times = { [Name in StoredOfKind<'time'>]: Documented<Job[Name], Date> }
type Variables = { [Name in StoredOfKind<'variables'>]: Documented<Job[Name], { name: string; value: string }[]> }

/** What a job is counted as. Unlike `viewOf` it changes only by writes: a claim promotes a job that is due. */
export type StoredView = View

/** Views of pending jobs that wait for their time. */
export const WAITING_VIEWS = JOB_VIEWS.filter((view) => view !== 'ready')

/** One finished run. */
export interface RunDocument {
  number: number
  token: string
  /** The token that settled the run: a repeated settle finds its own entry by it. */
  fence: string
  worker: string
  host: string
  started_at: Date
  finished_at: Date
  outcome: RunOutcome
  exit_code: number | null
  signal: string | null
  cause: string | null
  /** The job's state after the run. */
  state: JobState
  /** How often the job had been requeued before the run. */
  requeues: number
}

/** A document of `jobs`. */
export interface JobDocument extends Omit<Job, 'id' | keyof Times | keyof Variables>, Times, Variables {
  /** The job's id. */
  _id: string
  /** Place in the queue among those of the same priority. */
  seq: number
  view: StoredView
  /** The last runs, oldest first. */
  history: RunDocument[]
  /**
   * The last request (cancel, requeue, promote) that changed the job: a repeated request recognizes its own first try
   * by it. Before any request, an insert that was answered with this job sets it: then others than its creator rely on
   * the job.
   */
  change_token: string | null
}

/** Fields for a `$set` in a pipeline. Strings must be `literal`: one that starts with a dollar would name a field. */
export type Assignments = { [Field in keyof JobDocument]?: unknown }

/** `value` for a pipeline that must not interpret it. */
export const literal = (value: unknown) => ({ $literal: value })

/** What `toJob` does not need. */
export const JOB_PROJECTION = { history: 0, change_token: 0 } as const

/** A document of `jobs` as `JOB_PROJECTION` returns it. */
export type JobRow = Omit<JobDocument, keyof typeof JOB_PROJECTION>

/** The document of a job that is stored for the first time. */
export function toDocument({ id, ...job }: Job, seq: number): JobDocument {
  const times = Object.fromEntries(TIMES.map((name) => [name, dateOf(job[name])])) as Times
  const variables = Object.fromEntries(VARIABLES.map((name) => [name, listOf(job[name])])) as Variables
  return {
    _id: id,
    seq,
    view: waitingView(job.next_run_at > job.created_at, job.attempts),
    ...job,
    ...times,
    ...variables,
    history: [],
    change_token: null,
  }
}

/** The job in a document. */
export function toJob(row: JobRow): Job {
  return soundJob(fieldsOf(row))
}

/** Why the job in a document cannot run; null: it can. */
export function flawIn(row: JobRow): string | null {
  const job = runnableJob(fieldsOf(row))
  return typeof job === 'string' ? job : null
}

/** The fields of a job as they are stored; `undefined` for missing fields and for damaged variables. */
function fieldsOf({ _id, seq: _seq, view: _view, ...rest }: JobRow): Stored {
  const fields: Record<string, unknown> = { ...rest, id: _id }
  for (const name of TIMES) fields[name] = timeOf(rest[name])
  for (const name of VARIABLES) fields[name] = rest[name] && variablesOf(rest[name])
  return fields
}

/** Epoch milliseconds of a stored date; any other value is returned unchanged. */
export function timeOf(stored: unknown): unknown {
  return stored instanceof Date ? stored.getTime() : stored
}

function variablesOf(stored: unknown): unknown {
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

function listOf(variables: Job['env']): { name: string; value: string }[] | null {
  return variables && Object.entries(variables).map(([name, value]) => ({ name, value }))
}

function ofKind<Of extends Kind>(kind: Of): StoredOfKind<Of>[] {
  return STORED_FIELDS.filter((name): name is StoredOfKind<Of> => JOB_FIELDS[name].kind === kind)
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}
