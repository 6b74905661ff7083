/** Identity of a process: a pid alone may have been reused, and containers repeat pids (R4). */
export interface ProcessIdentity {
  host_id: string
  /** Changes with every boot: processes of another boot no longer exist. */
  boot_id: string
  /** Pid namespace; pids have no meaning outside of it. */
  pid_ns: string
  pid: number
  /** Start time as the system reports it; compared for equality only. */
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
  /** Percent of one core and bytes, for the job's whole tree; null: not measured. */
  cpu: number | null
  rss: number | null
  /** Why the run cannot be ended, if so (R4). */
  note: string | null
}

interface ProcessRow {
  id: string
  host: string
  identity: ProcessIdentity
  /** Epoch milliseconds of the store's clock. */
  started_at: number
  beat_at: number
  /** Incremented by every heartbeat: a reaper watches it, so that nothing depends on wall clocks. */
  beats: number
  /** Percent of one core; null: not measured. */
  cpu: number | null
  /** Bytes; null: not measured. */
  rss: number | null
  /** Runs that completed, and runs that failed, since the process started. */
  done: number
  failed: number
  restarts: number
}

/** A disk of a host without enough space for its workers to start jobs. Sizes in bytes. */
export interface LowSpace {
  path: string
  free: number
  /** The setting that requires more. */
  min_free: number
}

export interface SupervisorRow extends ProcessRow {
  kind: 'supervisor'
  state: 'starting' | 'running' | 'draining' | 'stopping'
  version: string
  /** Requested number of workers. */
  count: number
  concurrency: number
  queues: readonly string[] | null
  /** Seconds. */
  grace: number
  cwd: string
  log: string | null
  /** Runs that recovery cannot end: the reason by job ID (R4). */
  stuck: Readonly<Record<string, string>>
  /** Why its workers currently start nothing; null: they do. */
  low_space: LowSpace | null
}

export interface WorkerRow extends ProcessRow {
  kind: 'worker'
  supervisor_id: string
  state: 'starting' | 'idle' | 'busy' | 'draining' | 'silent'
  jobs: readonly RunningJob[]
}

export type AnyProcess = SupervisorRow | WorkerRow

/** What a heartbeat writes: the row without the columns that the store itself maintains. */
export type Beat<Row extends AnyProcess> = Omit<Row, 'beat_at' | 'beats' | 'started_at'>

/** Largest number of workers of one supervisor. */
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
    /** stop: only this worker, which decrements the count. */
    worker_id?: string
    /** scale: requested number of workers. */
    count?: number
  }
  state: 'asked' | 'taken' | 'done'
  /** Null until it is done, and if it was refused. */
  result: ControlResult | null
  created_at: number
}

/** The result of a request, as reported by its supervisor. */
export interface ControlResult {
  /** Runs that were killed for it, and runs that were released. */
  killed: number
  released: number
  /** stop: workers and jobs that are not proved gone (R4). */
  left?: readonly { id: string; reason: string }[]
  /** scale: requested number of workers before and after. */
  count?: { from: number; to: number }
}

/** Resource use of a supervisor and its workers at one heartbeat; kept for an hour. */
export interface Sample {
  at: number
  supervisor_id: string
  /** Totals since the supervisor started: their differences give the throughput. */
  done: number
  failed: number
  processes: readonly { id: string; cpu: number | null; rss: number | null }[]
}
