import type { ClaimFilter } from '../domain/claim-filter.ts'
import type { JobHistory, OutputTail } from '../domain/history.ts'
import type { Job, JobState, JobView, NewJob, Run, View } from '../domain/job.ts'
import type { Settlement } from '../domain/outcome.ts'
import type { AnyProcess, Beat, Control, ControlResult, Sample, SupervisorRow, WorkerRow } from '../domain/processes.ts'
import type { SettingKey } from '../domain/settings.ts'

/**
 * The role of the process that opens a store. It decides how hard a commit is synced and how long to wait for a busy
 * store: a command waits for the disk and blocks; a worker must keep its loop free, and its supervisor's heartbeat
 * syncs for it.
 */
export type StoreRole = 'command' | 'supervisor' | 'worker'

export interface StoreInfo {
  /** Kind of database, for JSON: `sqlite`, `mongodb`. */
  kind: string
  /** Name for people: a path, or a URL without its password. */
  label: string
  /** Folder for this store's logs and run files on this host. */
  folder: string
  /** Paths that it writes on this host. */
  paths: readonly string[]
  /** Whether several hosts may share it. */
  shared: boolean
  /** Number of runs of each job that stay recorded, the last ones; null: all. */
  runs_kept: number | null
  schema_version: number
  engine: string
}

export interface Inserted {
  job: Job
  /** The job already existed, with the same content (R10). */
  existing: boolean
}

export interface ClaimParams {
  worker_id: string
  host: string
  /** Created by the caller, so that a lost reply can be looked up. Becomes both fence and run token. */
  token: string
  filter: ClaimFilter
  lease_ms: number
}

export interface Claimed {
  job: Job | null
  /** If nothing was ready: milliseconds until the next job that the filter admits is due; null when none waits. */
  next_due_ms: number | null
}

export interface SettleParams {
  id: string
  /** The fence: without a match nothing is written. */
  token: string
  settlement: Settlement
  /** For the run history: where it ran. `run_ms`: how long it ran, if known. */
  run: { worker: string; host: string; run_ms: number | null }
  /** Claim another job in the same call. */
  next?: ClaimParams
}

export interface Settled {
  /**
   * The state that was written, with a cancel request applied (R7); null: the fence did not match, nothing was written.
   */
  state: JobState | null
  /** The answer to `next`; null without it. A fence miss does not hide it. */
  next: Claimed | null
}

export interface FenceParams {
  id: string
  token: string
  new_token: string
  by: string
  lease_ms: number
  expires_at?: number
}

/** The result of a renewal: tokens that no longer fence anything, and tokens whose job is to be cancelled (R7). */
export interface Renewed {
  lost: string[]
  cancelled: string[]
}

export type JobSort = 'newest' | 'oldest' | 'due' | 'order' | 'finished'

export interface ListParams {
  state?: JobState | JobView
  queue?: string
  /** Text contained in id or command. */
  search?: string
  /** Only jobs that finished at or after this time (epoch milliseconds). */
  finished_since?: number
  sort: JobSort
  limit: number
  /** ID of the last job of the previous page. */
  after?: string
}

export type Counts = Record<View, number>

export interface Overview {
  total: Counts
  queues: Record<string, Counts>
  /** Time at which the longest-waiting ready job became ready; null when none is ready. */
  oldest_ready_at: number | null
}

/** The result for one ID of a request with several. `wrong_state` does not change the job. */
export interface Changed {
  id: string
  result: 'done' | 'requested' | 'not_found' | 'wrong_state'
  job: Job | null
}

export interface PurgeParams {
  states: readonly JobState[]
  queue?: string
  /** Only jobs that finished at least this long ago; 0: all finished jobs. */
  older_than_ms: number
  limit: number
}

/** What others have changed: they only added jobs, or anything. */
export type Hint = 'new_jobs' | 'anything'

/** How jobs are stored and read. */
export interface JobRecords {
  /**
   * Stores `jobs` in order, durably. A job whose ID exists with the same content is returned as existing. With other
   * content: throws `duplicate_id` and stores none of `jobs`, or with `skip_taken` omits that job (null in the answer).
   * `on_progress` receives the number stored so far.
   */
  insert(params: {
    jobs: readonly NewJob[]
    skip_taken?: boolean
    on_progress?: (stored: number) => void
  }): Promise<(Inserted | null)[]>
  get(params: { id: string }): Promise<Job | null>
  /** IDs that begin with `prefix`, at most `limit`, sorted by ID. */
  findIds(params: { prefix: string; limit: number }): Promise<string[]>
  list(params: ListParams): Promise<Job[]>
  /** Finished runs of a job, oldest first; at least the last 20. */
  runs(params: { id: string }): Promise<Run[]>
  /** Those of `tokens` that the run history contains: their runs have finished, and their jobs exist. */
  recorded(params: { tokens: readonly string[] }): Promise<string[]>
  overview(): Promise<Overview>
  /**
   * Jobs with their runs in insertion order, each history as it is at one moment: one page after the cursor `after`
   * (null: from the first). `next`: the cursor of the next page; null: no more.
   */
  history(params: { after: number | null; limit: number }): Promise<{ histories: JobHistory[]; next: number | null }>
  /** Jobs that are processing now, for reaper and views. */
  processing(): Promise<Job[]>
}

/** The life of a run: claimed, renewed, settled; or fenced off by its recovery. */
export interface RunLife {
  /** Claims the first ready job that the filter admits: by priority, then first in, first out. */
  claim(params: ClaimParams): Promise<Claimed>
  /** Ends a run if its token is still valid; a repetition after a lost reply returns the same success. */
  settle(params: SettleParams): Promise<Settled>
  /** A worker's own renewal, when its supervisor sends no heartbeat (R2); counts as the worker's heartbeat. */
  renew(params: { worker_id: string; tokens: readonly string[]; lease_ms: number }): Promise<Renewed>
  /**
   * Changes the fence of a processing job to `new_token`, held by `by` (R1); a repetition after a lost reply returns
   * the same success. False: `token` was no longer valid. `expires_at` (epoch milliseconds): only if the lease still
   * expires at that time, for a caller that takes the job because of the expiry and may have read an old value.
   */
  fence(params: FenceParams): Promise<boolean>
}

/** Changes to jobs by users. */
export interface JobChanges {
  /** Pending: cancelled at once (`done`). Processing: request stored (`requested`). Final: `wrong_state`. */
  cancel(params: { ids: readonly string[] }): Promise<Changed[]>
  /** Dead, cancelled or completed, or in one of the states `from`: pending and ready, with counters reset. */
  requeue(params: { ids: readonly string[]; from?: readonly JobState[] }): Promise<Changed[]>
  /** Pending with a due time in the future: ready now. */
  promote(params: { ids: readonly string[] }): Promise<Changed[]>
  /** Removes final jobs and their runs. Returns the run tokens, which name the logs. */
  purge(params: PurgeParams): Promise<{ jobs: number; tokens: string[] }>
}

/** The ends of outputs, for readers on other hosts. */
export interface OutputTails {
  /**
   * Stores the ends of runs' outputs, each replacing the previous one, as long as the run is recorded; ignores other
   * runs. A store that is not shared never keeps any: its readers are on the host of the logs.
   */
  keepOutputs(params: { outputs: readonly OutputTail[] }): Promise<void>
  /**
   * What the store keeps of a run; null when it keeps nothing, or when the caller wants more than `beyond` bytes and
   * neither they nor the end exist yet.
   */
  output(params: { token: string; beyond?: number }): Promise<OutputTail | null>
}

/** Registered supervisors and workers. */
export interface ProcessRegistry {
  /**
   * A supervisor's heartbeat, one durable write: its row, its workers' rows (other rows of this supervisor's workers
   * are removed), the leases of `tokens`, and a sample.
   */
  beat(params: {
    supervisor: Beat<SupervisorRow>
    workers: readonly Beat<WorkerRow>[]
    tokens: readonly string[]
    lease_ms: number
    sample: Omit<Sample, 'at'> | null
  }): Promise<Renewed>
  processes(): Promise<AnyProcess[]>
  /** Removes rows of processes that no longer exist, durably. */
  deregister(params: { ids: readonly string[] }): Promise<void>
  /** Samples of the last hour since `since` (epoch milliseconds), oldest first. */
  samples(params: { since: number }): Promise<Sample[]>
}

/** Requests from other terminals to supervisors. */
export interface ControlRequests {
  ask(params: Omit<Control, 'state' | 'result' | 'created_at'>): Promise<void>
  /** Returns the controls for this supervisor that were not taken yet, and marks them as taken. */
  takeControls(params: { supervisor_id: string }): Promise<Control[]>
  /** Marks a control as done. A null result refuses it. */
  answer(params: { id: string; result: ControlResult | null }): Promise<void>
  control(params: { id: string }): Promise<Control | null>
}

/** Settings that all hosts share. */
export interface StoredSettings {
  config(): Promise<Record<string, unknown>>
  /** `value` null with `unset` removes the key. */
  setConfig(params: { key: SettingKey; value: unknown; unset?: boolean }): Promise<void>
}

/**
 * A durable queue. Every adapter passes the same contract suite. Time is the store's own clock; callers create IDs and
 * tokens. An adapter decides only what must be decided inside one write.
 */
export interface JobStore
  extends JobRecords,
    RunLife,
    JobChanges,
    OutputTails,
    ProcessRegistry,
    ControlRequests,
    StoredSettings {
  readonly info: StoreInfo

  /** The store's clock, epoch milliseconds. */
  now(): number

  /** Calls `on_change` soon after others commit; a hint that may be missed or be wrong. */
  watch(params: { on_change: (hint: Hint) => void }): { close(): void }
  /** From now on every commit of this connection is synced (for workers that lost their supervisor). */
  syncEveryCommit(): void
  close(): Promise<void>
}
