import { type Connection, type Model, type mongo, Schema } from 'mongoose'
import type { OutputTail } from '../../domain/history.ts'
import type { Control, RunningJob, SupervisorRow, WorkerRow } from '../../domain/processes.ts'
import type { JobDocument } from './documents.ts'

type StoredProcess<Row> = Omit<Row, 'id' | 'started_at' | 'beat_at' | 'jobs' | 'stuck'> & {
  _id: string
  started_at: Date
  beat_at: Date
}

/** A document of `processes`. */
export type ProcessDocument =
  /** Not by job id: ids have dots, which mean something else in the names of fields. */
  | (StoredProcess<SupervisorRow> & { stuck: { id: string; reason: string }[] })
  | (StoredProcess<WorkerRow> & { jobs: (Omit<RunningJob, 'started_at'> & { started_at: Date })[] })

/** A document of `controls`. */
export interface ControlDocument extends Omit<Control, 'id' | 'created_at'> {
  _id: string
  seq: number
  created_at: Date
  /** Made by the taker, so that a lost reply can be looked up. */
  take_token: string | null
}

/** A document of `config`: a setting that is not at its default. */
interface SettingDocument {
  _id: string
  value: unknown
}

/** A document of `samples`. */
interface SampleDocument {
  _id: string
  at: Date
  supervisor_id: string
  done: number
  failed: number
  processes: { id: string; cpu: number | null; rss: number | null }[]
}

/** A document of `outputs`, by the token of its run. */
export type OutputDocument = Omit<OutputTail, 'token' | 'tail'> & { _id: string; tail: mongo.Binary }

/** The documents of `meta`. */
type MetaDocument =
  /** Marks the database as ours. */
  | { _id: 'schema'; application: 'queuectl'; version: number; store_id: string }
  /** Whoever holds it changes the schema. */
  | { _id: 'lock'; application: 'queuectl'; holder: string; expires_at: Date }
  /** The last number given out. */
  | { _id: 'jobs' | 'controls'; value: number }
  /** What a server computes when it is tried; removed again. */
  | { _id: 'probe'; probe: Record<string, unknown> }

const { Mixed } = Schema.Types

// Anything that is not named here is refused, in documents and in filters: a misspelt fence would otherwise be left out in silence.
const OPTIONS = { strict: 'throw', strictQuery: 'throw', versionKey: false, minimize: false, id: false } as const

const nested = (fields: Record<string, unknown>) => new Schema(fields as never, { ...OPTIONS, _id: false })

/** A list that some documents have and others do not: mongoose would give an empty one to those. */
const list = (of: unknown) => ({ type: [of], default: undefined })

const usage = { id: String, cpu: Number, rss: Number }
const ending = { exit_code: Number, signal: String }
const policy = {
  max_retries: Number,
  max_interruptions: Number,
  backoff_base: Number,
  backoff_max: Number,
  timeout: Number,
}
const counters = { attempts: Number, runs: Number, interruptions: Number, worker_deaths: Number, requeues: Number }
const lease = { processing_by: String, lease_token: String, run_token: String, locked_at: Date, lease_expires_at: Date }
const times = { next_run_at: Date, created_at: Date, updated_at: Date, started_at: Date, finished_at: Date }

const run = nested({
  number: Number,
  token: String,
  fence: String,
  worker: String,
  host: String,
  started_at: Date,
  finished_at: Date,
  outcome: String,
  ...ending,
  cause: String,
  state: String,
  requeues: Number,
})

const SCHEMAS = {
  jobs: {
    _id: String,
    seq: Number,
    command: String,
    shell: String,
    queue: String,
    priority: Number,
    ...policy,
    cwd: String,
    env: [nested({ name: String, value: String })],
    origin_cwd: String,
    origin_host: String,
    insert_token: String,
    content_hash: String,
    state: String,
    view: String,
    ...counters,
    ...lease,
    ...times,
    ...ending,
    reason: String,
    cancel_requested_at: Date,
    history: [run],
    change_token: String,
  },
  processes: {
    _id: String,
    kind: String,
    host: String,
    identity: nested({ host_id: String, boot_id: String, pid_ns: String, pid: Number, start: String }),
    state: String,
    started_at: Date,
    beat_at: Date,
    beats: Number,
    cpu: Number,
    rss: Number,
    done: Number,
    failed: Number,
    restarts: Number,
    version: String,
    count: Number,
    concurrency: Number,
    queues: list(String),
    grace: Number,
    cwd: String,
    log: String,
    stuck: list(nested({ id: String, reason: String })),
    low_space: nested({ path: String, free: Number, min_free: Number }),
    supervisor_id: String,
    jobs: list(
      nested({ ...usage, run: Number, token: String, command: String, pid: Number, started_at: Date, note: String }),
    ),
  },
  controls: {
    _id: String,
    seq: Number,
    supervisor_id: String,
    kind: String,
    args: Mixed,
    state: String,
    result: Mixed,
    created_at: Date,
    take_token: String,
  },
  config: { _id: String, value: Mixed },
  samples: { _id: String, at: Date, supervisor_id: String, done: Number, failed: Number, processes: [nested(usage)] },
  outputs: {
    _id: String,
    job: String,
    run: Number,
    host: String,
    path: String,
    bytes: Number,
    tail: Buffer,
    ended: Boolean,
  },
  meta: {
    _id: String,
    application: String,
    version: Number,
    store_id: String,
    holder: String,
    expires_at: Date,
    value: Number,
    probe: Mixed,
  },
}

/** Names of our collections. */
export const COLLECTIONS = Object.keys(SCHEMAS) as (keyof typeof SCHEMAS)[]

export interface Models {
  jobs: Model<JobDocument>
  processes: Model<ProcessDocument>
  controls: Model<ControlDocument>
  config: Model<SettingDocument>
  samples: Model<SampleDocument>
  outputs: Model<OutputDocument>
  meta: Model<MetaDocument>
}

/** The collections as one connection sees them. */
export function modelsOn(connection: Connection): Models {
  const model = (name: keyof typeof SCHEMAS) =>
    connection.model(name, new Schema(SCHEMAS[name] as never, { ...OPTIONS, collection: name }))
  return Object.fromEntries(COLLECTIONS.map((name) => [name, model(name)])) as unknown as Models
}
