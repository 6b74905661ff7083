import { type JobState, LIMITS, type Shell } from './job.ts'

// Every field of a job, once. Types, JSON input, options, views, columns, documents and checks come from this table.

/** The kinds of values with their types. A reader has a table of kinds, and `tsc` refuses one that is not complete. */
export interface Kinds {
  /** 1 to 64 letters, digits, dots, underscores and hyphens. */
  name: string
  /** A shell command line. */
  command: string
  text: string
  /** A random word or digest for the program alone. */
  token: string
  /** Path of a folder. */
  folder: string
  whole: number
  /** A whole number from 0 on that still can be counted up. */
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
  /** Whether views for machines have it: always, unless it says something else here. */
  shown?: false | 'pending'
  /** What its line in `show` is called; absent: it has none, or stands in another's. */
  label?: string
  /** Its option of `enqueue`: what stands behind the flag, and the help. */
  option?: { value: string; about: string }
}

/** What a caller gives for one job. Without a `default` it is required. */
interface CallerField extends Common {
  from: 'caller'
  default?: unknown
  /** Read when the job is made, and not stored. */
  stored?: false
  min?: number
  max?: number
  /** Largest size in UTF-8. */
  bytes?: number
}

/** Policy: what a caller leaves open is taken from the setting of the same name, which has the limits too. */
interface SettingField extends Common {
  from: 'setting'
}

/** What `enqueue` adds. */
interface EnqueueField extends Common {
  from: 'enqueue'
}

/** What the store writes. `fresh`: the value in a new job. */
interface StoreField extends Common {
  from: 'store'
  fresh: 'pending' | 'now' | 0 | null
}

export type JobField = CallerField | SettingField | EnqueueField | StoreField

const TABLE = {
  /** Made up when the caller gives none. */
  id: {
    kind: 'name',
    from: 'caller',
    default: null,
    needed: true,
    label: 'Id',
    option: { value: '<id>', about: 'id of your own: the same id with the same content is enqueued once' },
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
  /** First time the job may run; null: `delay` from the store's now. */
  run_at: {
    kind: 'time',
    nullable: true,
    from: 'caller',
    default: null,
    stored: false,
    shown: false,
    option: { value: '<time>', about: 'not before this time: 2026-01-31T18:00:00Z, without Z local' },
  },
  /** Time to wait from the store's now; 0: ready at once. */
  delay: {
    kind: 'duration',
    from: 'caller',
    default: 0,
    min: 0,
    max: 3650 * 86_400,
    stored: false,
    shown: false,
    option: { value: '<time>', about: 'not before this time has passed: 90, 90s, 5m, 2h, 7d' },
  },
  /** Runs that failed since the job was enqueued or requeued: what the retry rule counts. */
  attempts: { kind: 'count', from: 'store', fresh: 0, needed: true, label: 'Attempts' },
  /** Failures after which the job is tried again; one failure more and it is dead. */
  max_retries: {
    kind: 'count',
    from: 'setting',
    needed: true,
    option: { value: '<n>', about: 'failures after which it is tried again' },
  },
  /** Runs started, ever: the number of the last run. */
  runs: { kind: 'count', from: 'store', fresh: 0, needed: true },
  /** Runs ended by the death of a worker or host or by force, since enqueue or requeue. */
  interruptions: { kind: 'count', from: 'store', fresh: 0, needed: true, label: 'Interruptions' },
  /** Worker deaths under this job before it is dead with reason `poison`. */
  max_interruptions: {
    kind: 'count',
    from: 'setting',
    needed: true,
    option: { value: '<n>', about: 'worker deaths that make it poison' },
  },
  /** Those interruptions in which a worker died under a live supervisor: what the poison rule counts (R6). */
  worker_deaths: { kind: 'count', from: 'store', fresh: 0, needed: true, shown: false },
  /** How often it was requeued. */
  requeues: { kind: 'count', from: 'store', fresh: 0, needed: true },
  /** Delay before a retry is `backoff_base ^ attempts` seconds, at most `backoff_max`. */
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
    option: { value: '<time>', about: 'end a run that takes longer; none for no limit' },
  },
  shell: {
    kind: 'shell',
    from: 'setting',
    needed: true,
    label: 'Shell',
    option: { value: '<name>', about: 'what runs the command, on Windows: cmd or powershell' },
  },
  /** Folder to run in, as the caller gave it; null: see `origin_cwd`. */
  cwd: {
    kind: 'folder',
    nullable: true,
    from: 'caller',
    default: null,
    needed: true,
    label: 'Folder',
    option: { value: '<folder>', about: 'folder to run in (default: this one)' },
  },
  /** Variables of the job's own, on top of its supervisor's environment. */
  env: {
    kind: 'variables',
    nullable: true,
    from: 'caller',
    default: null,
    bytes: LIMITS.env,
    needed: true,
    label: 'Variables',
    option: { value: '<NAME=value>', about: 'a variable for the job; may be repeated' },
  },
  /** Folder in which `enqueue` was typed; used when `cwd` is null and the run is on the same host. */
  origin_cwd: { kind: 'folder', nullable: true, from: 'enqueue', needed: true, shown: false },
  origin_host: { kind: 'text', nullable: true, from: 'enqueue', shown: false },
  /** Made by the caller: tells its own repeated insert from a stranger's (R10). */
  insert_token: { kind: 'token', from: 'enqueue', shown: false },
  /** Digest of what the caller asked for, or null when the id was made up: equal digests mean "the same job again" (R10). */
  content_hash: { kind: 'token', nullable: true, from: 'enqueue', shown: false },
  created_at: { kind: 'time', from: 'store', fresh: 'now', label: 'Created' },
  updated_at: { kind: 'time', from: 'store', fresh: 'now' },
  /** A pending job is not run before this time. */
  next_run_at: { kind: 'time', from: 'store', fresh: 'now', shown: 'pending', label: 'Next run' },
  /** Worker (or, during recovery, supervisor) that holds the job. */
  processing_by: { kind: 'text', nullable: true, from: 'store', fresh: null, label: 'Worker' },
  /** Fence: every write of a run is conditional on it. */
  lease_token: { kind: 'token', nullable: true, from: 'store', fresh: null, shown: false },
  /** Token of the current run: its name on disk and in the environment of its processes. Outlives a change of fence. */
  run_token: { kind: 'token', nullable: true, from: 'store', fresh: null, shown: false },
  locked_at: { kind: 'time', nullable: true, from: 'store', fresh: null },
  lease_expires_at: { kind: 'time', nullable: true, from: 'store', fresh: null, label: 'Lease until' },
  started_at: { kind: 'time', nullable: true, from: 'store', fresh: null, label: 'Started' },
  finished_at: { kind: 'time', nullable: true, from: 'store', fresh: null, label: 'Finished' },
  exit_code: { kind: 'whole', nullable: true, from: 'store', fresh: null },
  signal: { kind: 'text', nullable: true, from: 'store', fresh: null },
  /** Why the job is where it is: `exit code 2`, `timeout`, `poison`, … */
  reason: { kind: 'text', nullable: true, from: 'store', fresh: null },
  cancel_requested_at: { kind: 'time', nullable: true, from: 'store', fresh: null, label: 'Cancel asked' },
} as const satisfies Readonly<Record<string, JobField>>

type Table = typeof TABLE
export type JobFieldName = keyof Table
/** Names of the fields that are like `Part`. */
type Named<Part> = { [Name in JobFieldName]: Table[Name] extends Part ? Name : never }[JobFieldName]

/** The value of a field. */
export type ValueOf<Name extends JobFieldName> =
  | Kinds[Table[Name]['kind']]
  | (Table[Name] extends { nullable: true } ? null : never)

/** What a job is stored with. */
export type StoredName = Exclude<JobFieldName, Named<{ stored: false }>>
/** What only the store writes. */
export type StoreWritten = Named<{ from: 'store' }>
/** Those of them that say when it was stored. */
export type InsertTimes = Named<{ fresh: 'now' }>
/** What is stored and of that kind. */
export type StoredOfKind<Of extends Kind> = StoredName & Named<{ kind: Of }>
/** What a caller may give. */
export type GivenName = Named<{ from: 'caller' | 'setting' }>
/** What is taken from the settings when a caller leaves it open. */
export type PolicyName = Named<{ from: 'setting' }>
export type OptionName = Named<{ option: object }>
/** Kinds of what only a caller can give. */
export type CallerKind = Table[Exclude<GivenName, PolicyName>]['kind']

/** The values of the fields `Names`. */
export type Values<Names extends JobFieldName> = {
  -readonly [Name in keyof Table as Name extends Names ? Name : never]: ValueOf<Name>
}

/** What a caller asked for, checked. The policy that it left open is filled in from the settings when the job is made. */
export type JobRequest = {
  [Name in Exclude<GivenName, PolicyName>]: ValueOf<Name> | (Table[Name] extends { default: null } ? null : never)
} & Partial<Values<PolicyName>>

/** The fields by their names. New ones go where views for machines are to have them. */
export const JOB_FIELDS: Readonly<Record<JobFieldName, JobField>> = TABLE

const NAMES = Object.keys(TABLE) as JobFieldName[]

/** Names of the fields for which `test` holds, in the order of the table; those of `first` come before the others. */
export function fieldNames<Name extends JobFieldName = JobFieldName>(
  test: (field: JobField, name: JobFieldName) => boolean,
  first: readonly JobFieldName[] = [],
): Name[] {
  const rest = NAMES.filter((name) => !first.includes(name))
  return [...first, ...rest].filter((name) => test(JOB_FIELDS[name], name)) as Name[]
}

/** What callers may give. */
export const GIVEN_FIELDS = fieldNames<GivenName>(({ from }) => from === 'caller' || from === 'setting')

/** Those of them that are policy. */
export const POLICY_FIELDS = fieldNames<PolicyName>(({ from }) => from === 'setting')

/** What stores keep. */
export const STORED_FIELDS = fieldNames<StoredName>((field) => !('stored' in field))
