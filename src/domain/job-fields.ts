import { type JobState, LIMITS, type Shell } from './job.ts'

// Every field of a job, once. Types, JSON input, options, views, columns, documents and checks are derived from this
// table.

/** The kinds of values with their types. Each reader has a table of kinds, and `tsc` rejects an incomplete one. */
export interface Kinds {
  /** 1 to 64 letters, digits, dots, underscores and hyphens. */
  name: string
  /** A shell command line. */
  command: string
  text: string
  /** A random word or digest for the program itself. */
  token: string
  /** Path of a folder. */
  folder: string
  whole: number
  /** A whole number from 0 on that can still be incremented. */
  count: number
  number: number
  /** Seconds. */
  duration: number
  /** Seconds, more than 0. */
  limit: number
  /** Epoch milliseconds. */
  time: number
  shell: Shell
  state: JobState
  variables: Readonly<Record<string, string>>
}
export type Kind = keyof Kinds

interface Common {
  kind: Kind
  nullable?: true
  /** A run depends on it: a job whose stored value is damaged is not run. */
  needed?: true
  /** Whether JSON output contains it: always, unless set otherwise here. */
  shown?: false | 'pending'
  /** Its label in `show`; absent: it has no line, or is part of another one. */
  label?: string
  /** Its option of `enqueue`: the value after the flag, and the help text. */
  option?: { value: string; about: string }
}

/** A field that the caller gives. Without a `default` it is required. */
interface CallerField extends Common {
  from: 'caller'
  default?: unknown
  /** Read when the job is created, but not stored. */
  stored?: false
  min?: number
  max?: number
  /** Largest size in UTF-8. */
  bytes?: number
}

/** Policy: a value that the caller omits is taken from the setting of the same name, which also has the limits. */
interface SettingField extends Common {
  from: 'setting'
}

/** A field that `enqueue` adds. */
interface EnqueueField extends Common {
  from: 'enqueue'
}

/** A field that the store writes. `fresh`: the value in a new job. */
interface StoreField extends Common {
  from: 'store'
  fresh: 'pending' | 'now' | 0 | null
}

export type JobField = CallerField | SettingField | EnqueueField | StoreField

const TABLE = {
  /** Generated when the caller gives none. */
  id: {
    kind: 'name',
    from: 'caller',
    default: null,
    needed: true,
    label: 'Id',
    option: { value: '<id>', about: 'job ID: the same ID with the same content is enqueued once' },
  },
  command: { kind: 'command', from: 'caller', bytes: LIMITS.command, needed: true, label: 'Command' },
  queue: {
    kind: 'name',
    from: 'caller',
    default: 'default',
    label: 'Queue',
    option: { value: '<name>', about: 'queue (default: default)' },
  },
  state: { kind: 'state', from: 'store', fresh: 'pending', label: 'State' },
  /** Higher runs first. */
  priority: {
    kind: 'whole',
    from: 'caller',
    default: 0,
    min: -(2 ** 31) + 1,
    max: 2 ** 31 - 1,
    needed: true,
    option: { value: '<n>', about: 'higher runs first (default: 0)' },
  },
  /** Earliest time the job may run; null: now plus `delay`, by the store's clock. */
  run_at: {
    kind: 'time',
    nullable: true,
    from: 'caller',
    default: null,
    stored: false,
    shown: false,
    option: { value: '<time>', about: 'do not start before this time: 2026-01-31T18:00:00Z, without Z local' },
  },
  /** Time to wait from now, by the store's clock; 0: ready at once. */
  delay: {
    kind: 'duration',
    from: 'caller',
    default: 0,
    min: 0,
    max: 3650 * 86_400,
    stored: false,
    shown: false,
    option: { value: '<time>', about: 'wait this long before the first run: 90, 90s, 5m, 2h, 7d' },
  },
  /** Failed runs since the job was enqueued or requeued: what the retry rule counts. */
  attempts: { kind: 'count', from: 'store', fresh: 0, needed: true, label: 'Attempts' },
  /** Failures after which the job is retried; one more and it is dead. */
  max_retries: {
    kind: 'count',
    from: 'setting',
    needed: true,
    option: { value: '<n>', about: 'number of retries after failed runs' },
  },
  /** Number of runs ever started: the number of the last run. */
  runs: { kind: 'count', from: 'store', fresh: 0, needed: true },
  /** Runs that ended by the death of a worker or host, or by force, since enqueue or requeue. */
  interruptions: { kind: 'count', from: 'store', fresh: 0, needed: true, label: 'Interruptions' },
  /** Worker deaths under this job after which it is dead with the reason `poison`. */
  max_interruptions: {
    kind: 'count',
    from: 'setting',
    needed: true,
    option: { value: '<n>', about: 'worker deaths after which it is dead (poison)' },
  },
  /** The interruptions in which a worker died under a live supervisor: what the poison rule counts (R6). */
  worker_deaths: { kind: 'count', from: 'store', fresh: 0, needed: true, shown: false },
  /** Number of requeues. */
  requeues: { kind: 'count', from: 'store', fresh: 0, needed: true },
  /** The delay before a retry is `backoff_base ^ attempts` seconds, at most `backoff_max`. */
  backoff_base: {
    kind: 'number',
    from: 'setting',
    needed: true,
    label: 'Backoff',
    option: { value: '<n>', about: 'a retry waits base ^ attempts seconds' },
  },
  /** Seconds. */
  backoff_max: {
    kind: 'duration',
    from: 'setting',
    needed: true,
    option: { value: '<time>', about: 'longest wait before a retry' },
  },
  /** Seconds a run may take; null for no limit. */
  timeout: {
    kind: 'limit',
    nullable: true,
    from: 'setting',
    needed: true,
    label: 'Timeout',
    option: { value: '<time>', about: 'stop a run that takes longer; none for no limit' },
  },
  shell: {
    kind: 'shell',
    from: 'setting',
    needed: true,
    label: 'Shell',
    option: { value: '<name>', about: 'shell that runs the command, on Windows: cmd or powershell' },
  },
  /** Folder to run in, as given by the caller; null: see `origin_cwd`. */
  cwd: {
    kind: 'folder',
    nullable: true,
    from: 'caller',
    default: null,
    needed: true,
    label: 'Folder',
    option: { value: '<folder>', about: 'folder to run in (default: this one)' },
  },
  /** The job's own variables, in addition to its supervisor's environment. */
  env: {
    kind: 'variables',
    nullable: true,
    from: 'caller',
    default: null,
    bytes: LIMITS.env,
    needed: true,
    label: 'Variables',
    option: { value: '<NAME=value>', about: 'environment variable; may be repeated' },
  },
  /** Folder in which `enqueue` was called; used if `cwd` is null and the run is on the same host. */
  origin_cwd: { kind: 'folder', nullable: true, from: 'enqueue', needed: true, shown: false },
  origin_host: { kind: 'text', nullable: true, from: 'enqueue', shown: false },
  /** Created by the caller: distinguishes its own repeated insert from another one (R10). */
  insert_token: { kind: 'token', from: 'enqueue', shown: false },
  /**
   * Digest of what the caller requested, or null if the ID was generated: equal digests mean "the same job again"
   * (R10).
   */
  content_hash: { kind: 'token', nullable: true, from: 'enqueue', shown: false },
  created_at: { kind: 'time', from: 'store', fresh: 'now', label: 'Created' },
  updated_at: { kind: 'time', from: 'store', fresh: 'now' },
  /** A pending job is not run before this time. */
  next_run_at: { kind: 'time', from: 'store', fresh: 'now', shown: 'pending', label: 'Next run' },
  /** Worker (or, during recovery, supervisor) that holds the job. */
  processing_by: { kind: 'text', nullable: true, from: 'store', fresh: null, label: 'Worker' },
  /** Fence: every write of a run is conditional on it. */
  lease_token: { kind: 'token', nullable: true, from: 'store', fresh: null, shown: false },
  /**
   * Token of the current run: its name on disk and in the environment of its processes. Does not change with the fence.
   */
  run_token: { kind: 'token', nullable: true, from: 'store', fresh: null, shown: false },
  locked_at: { kind: 'time', nullable: true, from: 'store', fresh: null },
  lease_expires_at: { kind: 'time', nullable: true, from: 'store', fresh: null, label: 'Lease until' },
  started_at: { kind: 'time', nullable: true, from: 'store', fresh: null, label: 'Started' },
  finished_at: { kind: 'time', nullable: true, from: 'store', fresh: null, label: 'Finished' },
  exit_code: { kind: 'whole', nullable: true, from: 'store', fresh: null },
  signal: { kind: 'text', nullable: true, from: 'store', fresh: null },
  /** Why the job is in its state: `exit code 2`, `timeout`, `poison`, … */
  reason: { kind: 'text', nullable: true, from: 'store', fresh: null },
  cancel_requested_at: { kind: 'time', nullable: true, from: 'store', fresh: null, label: 'Cancel requested' },
} as const satisfies Readonly<Record<string, JobField>>

type Table = typeof TABLE
export type JobFieldName = keyof Table
/** Names of the fields that match `Part`. */
type Named<Part> = { [Name in JobFieldName]: Table[Name] extends Part ? Name : never }[JobFieldName]

/** The value of a field. */
export type ValueOf<Name extends JobFieldName> =
  | Kinds[Table[Name]['kind']]
  | (Table[Name] extends { nullable: true } ? null : never)

/** Fields that are stored. */
export type StoredName = Exclude<JobFieldName, Named<{ stored: false }>>
/** Fields that only the store writes. */
export type StoreWritten = Named<{ from: 'store' }>
/** Those of them that hold the time of the insert. */
export type InsertTimes = Named<{ fresh: 'now' }>
/** Stored fields of that kind. */
export type StoredOfKind<Of extends Kind> = StoredName & Named<{ kind: Of }>
/** Fields that a caller may give. */
export type GivenName = Named<{ from: 'caller' | 'setting' }>
/** Fields taken from the settings when the caller omits them. */
export type PolicyName = Named<{ from: 'setting' }>
export type OptionName = Named<{ option: object }>
/** Kinds of the fields that only a caller can give. */
export type CallerKind = Table[Exclude<GivenName, PolicyName>]['kind']

/** The values of the fields `Names`. */
export type Values<Names extends JobFieldName> = {
  -readonly [Name in keyof Table as Name extends Names ? Name : never]: ValueOf<Name>
}

/** A caller's request, checked. Omitted policy is filled in from the settings when the job is created. */
export type JobRequest = {
  [Name in Exclude<GivenName, PolicyName>]: ValueOf<Name> | (Table[Name] extends { default: null } ? null : never)
} & Partial<Values<PolicyName>>

/** The fields by name. The order is that of JSON output: add a new field where it belongs there. */
export const JOB_FIELDS: Readonly<Record<JobFieldName, JobField>> = TABLE

const NAMES = Object.keys(TABLE) as JobFieldName[]

/** Names of the fields for which `test` holds, in the order of the table; those in `first` come before the others. */
export function fieldNames<Name extends JobFieldName = JobFieldName>(
  test: (field: JobField, name: JobFieldName) => boolean,
  first: readonly JobFieldName[] = [],
): Name[] {
  const rest = NAMES.filter((name) => !first.includes(name))
  return [...first, ...rest].filter((name) => test(JOB_FIELDS[name], name)) as Name[]
}

/** Fields that callers may give. */
export const GIVEN_FIELDS = fieldNames<GivenName>(({ from }) => from === 'caller' || from === 'setting')

/** Those of them that are policy. */
export const POLICY_FIELDS = fieldNames<PolicyName>(({ from }) => from === 'setting')

/** Fields that stores keep. */
export const STORED_FIELDS = fieldNames<StoredName>((field) => !('stored' in field))
