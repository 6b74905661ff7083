/** Who a process is: a pid alone may have been reused, and containers repeat pids (R4). */
export interface ProcessIdentity {
  host_id: string
  /** Changes with every boot: processes of another boot are gone. */
  boot_id: string
  /** Pid namespace; pids mean nothing outside of it. */
  pid_ns: string
  pid: number
  /** Start time as the system tells it; compared for equality only. */
  start: string
}

/** A run as its worker reports it. */
export interface RunningJob {
  id: string
  run: number
  token: string
  command: string
  pid: number | null
  /** Epoch milliseconds. */
  started_at: number
  /** Percent of one core and bytes, of the job's whole tree; null: not measured. */
  cpu: number | null
  rss: number | null
  /** Why the run cannot be ended, when it cannot (R4). */
  note: string | null
}

interface ProcessRow {
  id: string
  host: string
  identity: ProcessIdentity
  /** Epoch milliseconds of the store's clock. */
  started_at: number
  beat_at: number
  /** Grows with every beat: what a reaper watches, so that wall clocks decide nothing. */
  beats: number
  /** Percent of one core; null: not measured. */
  cpu: number | null
  /** Bytes; null: not measured. */
  rss: number | null
  /** Runs that ended completed, and runs that failed, since the process started. */
  done: number
  failed: number
  restarts: number
}

/** A disk of a host with too little space for its workers to start jobs. Sizes in bytes. */
export interface LowSpace {
  path: string
  free: number
  /** The setting that forbids it. */
  min_free: number
}

export interface SupervisorRow extends ProcessRow {
  kind: 'supervisor'
  state: 'starting' | 'running' | 'draining' | 'stopping'
  version: string
  /** Workers wanted. */
  count: number
  concurrency: number
  queues: readonly string[] | null
  /** Seconds. */
  grace: number
  cwd: string
  log: string | null
  /** Runs that recovery cannot end: the reason by job id (R4). */
  stuck: Readonly<Record<string, string>>
  /** Why its workers start nothing at present; null: they do. */
  low_space: LowSpace | null
}

export interface WorkerRow extends ProcessRow {
  kind: 'worker'
  supervisor_id: string
  state: 'starting' | 'idle' | 'busy' | 'draining' | 'silent'
  jobs: readonly RunningJob[]
}

export type AnyProcess = SupervisorRow | WorkerRow

/** What a beat writes: the row without what the store itself keeps. */
export type Beat<Row extends AnyProcess> = Omit<Row, 'beat_at' | 'beats' | 'started_at'>

/** Workers of one supervisor. */
export const MOST_WORKERS = 256

export type ControlKind = 'stop' | 'scale'

/** A stored request from another terminal to one supervisor. */
export interface Control {
  id: string
  supervisor_id: string
  kind: ControlKind
  args: {
    /** stop: end running jobs at once. */
    force?: boolean
    /** stop: only this worker, which lowers the count by one. */
    worker_id?: string
    /** scale: workers wanted. */
    count?: number
  }
  state: 'asked' | 'taken' | 'done'
  /** null as long as it is not done, and when it was refused. */
  result: ControlResult | null
  created_at: number
}

/** What a request came to, by the word of the supervisor that was asked. */
export interface ControlResult {
  /** Runs that were ended for it, and runs that were released. */
  killed: number
  released: number
  /** stop: workers and jobs that could not be proved gone (R4). */
  left?: readonly { id: string; reason: string }[]
  /** scale: workers wanted before and from then on. */
  count?: { from: number; to: number }
}

/** Resource use of a supervisor and its workers at one beat; kept for an hour. */
export interface Sample {
  at: number
  supervisor_id: string
  /** Totals since the supervisor started: differences give the throughput. */
  done: number
  failed: number
  processes: readonly { id: string; cpu: number | null; rss: number | null }[]
}
