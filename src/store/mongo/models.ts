import { type Connection, type Model, type mongo, Schema } from 'mongoose'
import type { OutputTail } from '../../domain/history.ts'
import { JOB_FIELDS, type Kind, STORED_FIELDS } from '../../domain/job-fields.ts'
import type { Control, RunningJob, SupervisorRow, WorkerRow } from '../../domain/processes.ts'
import type { JobDocument } from './documents.ts'

type StoredProcess<Row> = Omit<Row, 'id' | 'started_at' | 'beat_at' | 'jobs' | 'stuck'> & {
  _id: string
  started_at: Date
  beat_at: Date
}

/** A document of `processes`. */
export type ProcessDocument =
  /** A list, not an object by job id: ids may contain dots, which have a meaning in field names. */
  | (StoredProcess<SupervisorRow> & { stuck: { id: string; reason: string }[] })
  | (StoredProcess<WorkerRow> & { jobs: (Omit<RunningJob, 'started_at'> & { started_at: Date })[] })

/** A document of `controls`. */
export interface ControlDocument extends Omit<Control, 'id' | 'created_at'> {
  _id: string
  seq: number
  created_at: Date
  /** Created by the supervisor that takes the control, so that it can recover from a lost reply. */
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
  /** Its holder may change the schema. */
  | { _id: 'lock'; application: 'queuectl'; holder: string; expires_at: Date }
  /** The last number of a sequence. */
  | { _id: 'jobs' | 'controls'; value: number }
  /** The result of a test of the server; removed after the test. */
  | { _id: 'probe'; probe: Record<string, unknown> }

const { Mixed } = Schema.Types

// Unknown fields are refused in documents and in filters: a misspelt fence would otherwise be dropped silently.
const OPTIONS = { strict: 'throw', strictQuery: 'throw', versionKey: false, minimize: false, id: false } as const

const nested = (fields: Record<string, unknown>) => new Schema(fields as never, { ...OPTIONS, _id: false })

/** A list that only some documents have. Without the default mongoose would add an empty one to the others. */
const list = (of: unknown) => ({ type: [of], default: undefined })

const usage = { id: String, cpu: Number, rss: Number }
const exit_status = { exit_code: Number, signal: String }

/** How values of a kind are stored. */
const TYPES: Readonly<Record<Kind, unknown>> = {
  name: String,
  command: String,
  text: String,
  token: String,
  folder: String,
  whole: Number,
  count: Number,
  number: Number,
  duration: Number,
  limit: Number,
  time: Date,
  shell: String,
  state: String,
  variables: [nested({ name: String, value: String })],
}

const jobFields = Object.fromEntries(
  STORED_FIELDS.filter((name) => name !== 'id').map((name) => [name, TYPES[JOB_FIELDS[name].kind]]),
)

const run = nested({
  number: Number,
  token: String,
  fence: String,
  worker: String,
  host: String,
  started_at: Date,
  finished_at: Date,
  outcome: String,
  ...exit_status,
  cause: String,
  state: String,
  requeues: Number,
})

const SCHEMAS = {
  jobs: {
    _id: String,
    seq: Number,
    ...jobFields,
    view: String,
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

/** The models of our collections on a connection. */
export function modelsOn(connection: Connection): Models {
  const model = (name: keyof typeof SCHEMAS) =>
    connection.model(name, new Schema(SCHEMAS[name] as never, { ...OPTIONS, collection: name }))
  return Object.fromEntries(COLLECTIONS.map((name) => [name, model(name)])) as unknown as Models
}
