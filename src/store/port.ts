import type { ClaimFilter } from '../domain/claim-filter.ts'
import type { JobHistory, OutputTail } from '../domain/history.ts'
import type { Job, JobState, JobView, NewJob, Run, View } from '../domain/job.ts'
import type { Settlement } from '../domain/outcome.ts'
import type { AnyProcess, Beat, Control, ControlResult, Sample, SupervisorRow, WorkerRow } from '../domain/processes.ts'
import type { SettingKey } from '../domain/settings.ts'

/**
 * Who opens a store. It decides how hard a commit is synced and how long a busy store is waited for: a command waits
 * for the disk and blocks; a worker must keep its loop free, and its supervisor's beat syncs for it.
 */
export type StoreRole = 'command' | 'supervisor' | 'worker'

export interface StoreInfo {
  /** Of the database, for machines: `sqlite`, `mongodb`. */
  kind: string
  /** What people are shown: a path, or a URL without its password. */
  label: string
  /** Folder for this store's logs and run files on this host. */
  folder: string
  /** What it writes on this host. */
  paths: readonly string[]
  /** Whether several hosts may share it. */
  shared: boolean
  /** Runs of each job that stay on record, the last ones; null: all. */
  runs_kept: number | null
  schema_version: number
  engine: string
}

export interface Inserted {
  job: Job
  /** The job was there before, with the same content (R10). */
  existing: boolean
}

export interface ClaimParams {
  worker_id: string
  host: string
  /** Made by the caller, so that a lost reply can be looked up. Becomes both fence and run token. */
  token: string
  filter: ClaimFilter
  lease_ms: number
}

export interface Claimed {
  job: Job | null
  /** When nothing was ready: milliseconds until the next job that the filter admits is due; null when none waits. */
  next_due_ms: number | null
}

export interface SettleParams {
  id: string
  /** The fence: without a match nothing is written. */
  token: string
  settlement: Settlement
  /** Who ran it, for the run history. `run_ms`: how long it ran, when known. */
  run: { worker: string; host: string; run_ms: number | null }
  /** Claim another job in the same call. */
  next?: ClaimParams
}

export interface Settled {
  /** The state that was written, after a cancel request was honoured (R7); null: the fence did not match, nothing written. */
  state: JobState | null
  /** The answer to `next`; null when none was asked for. A fence miss does not hide it. */
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

/** What a renewal found: tokens that no longer fence anything, and tokens whose job is to be cancelled (R7). */
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
  /** Only jobs that ended at or after this time (epoch milliseconds). */
  finished_since?: number
  sort: JobSort
  limit: number
  /** Id of the last job of the page before. */
  after?: string
}

export type Counts = Record<View, number>

export interface Overview {
  total: Counts
  queues: Record<string, Counts>
  /** When the ready job that waits longest became ready; null when none is ready. */
  oldest_ready_at: number | null
}

/** What became of one id of a request for several. `wrong_state` leaves the job as it is. */
export interface Changed {
  id: string
  result: 'done' | 'requested' | 'not_found' | 'wrong_state'
  job: Job | null
}

export interface PurgeParams {
  states: readonly JobState[]
  queue?: string
  /** Only jobs that ended at least this long ago; 0: whatever has ended. */
  older_than_ms: number
  limit: number
}

/** What others have changed: jobs are there that were not before, and that is all of it; or anything. */
export type Hint = 'new_jobs' | 'anything'

/** How jobs come in, and what readers see of them. */
export interface JobRecords {
  /**
   * Stores `jobs` in order, durably. A job whose id is taken by the same content is returned as existing. Other content: throws
   * `duplicate_id` and stores none of `jobs`, or with `skip_taken` leaves that job out (null in the answer). `on_progress` hears
   * how many are in.
   */
  insert(params: {
    jobs: readonly NewJob[]
    skip_taken?: boolean
    on_progress?: (stored: number) => void
  }): Promise<(Inserted | null)[]>
  get(params: { id: string }): Promise<Job | null>
  /** Ids that begin with `prefix`, at most `limit`, in order of id. */
  findIds(params: { prefix: string; limit: number }): Promise<string[]>
  list(params: ListParams): Promise<Job[]>
  /** Runs of a job that have ended, oldest first; at least the last 20. */
  runs(params: { id: string }): Promise<Run[]>
  /** Those of `tokens` that the run history knows: their runs have ended, and their jobs are there. */
  recorded(params: { tokens: readonly string[] }): Promise<string[]>
  overview(): Promise<Overview>
  /**
   * Jobs with their runs in the order of their insert, each history as it is at one moment: a page of those behind the cursor `after`
   * (null: from the first). `next`: the cursor to go on from; null: there are no more.
   */
  history(params: { after: number | null; limit: number }): Promise<{ histories: JobHistory[]; next: number | null }>
  /** Jobs that are processing now, for reaper and views. */
  processing(): Promise<Job[]>
}

/** The life of a run: claimed, renewed, settled; or fenced off by who recovers it. */
export interface RunLife {
  /** Takes the first ready job that the filter admits: priority, then first in, first out. */
  claim(params: ClaimParams): Promise<Claimed>
  /** Ends a run, if its token still holds; repeated after a lost reply it is the same success. */
  settle(params: SettleParams): Promise<Settled>
  /** A worker's own renewal, when its supervisor does not beat (R2); counts as the worker's beat. */
  renew(params: { worker_id: string; tokens: readonly string[]; lease_ms: number }): Promise<Renewed>
  /**
   * Swaps the fence of a processing job to `new_token`, held by `by` (R1); repeated after a lost reply it is the same success.
   * False: `token` no longer held. `expires_at` (epoch milliseconds): only while the lease ends then, for who takes it because it has
   * ended; what was seen of it may be old.
   */
  fence(params: FenceParams): Promise<boolean>
}

/** What people change about jobs. */
export interface JobChanges {
  /** Pending: cancelled at once (`done`). Processing: request stored (`requested`). Final: `wrong_state`. */
  cancel(params: { ids: readonly string[] }): Promise<Changed[]>
  /** Dead, cancelled or completed, or in one of the states `from`: pending and ready, counters anew. */
  requeue(params: { ids: readonly string[]; from?: readonly JobState[] }): Promise<Changed[]>
  /** Pending with a due time in the future: ready now. */
  promote(params: { ids: readonly string[] }): Promise<Changed[]>
  /** Removes final jobs and their runs. Returns the run tokens, which name their logs. */
  purge(params: PurgeParams): Promise<{ jobs: number; tokens: string[] }>
}

/** The ends of outputs, for readers on other hosts. */
export interface OutputTails {
  /**
   * Keeps the ends of runs' outputs, each in the place of what was kept before, as long as the run is on record; of a run that is not,
   * nothing. A store that is not shared never keeps any: who reads it is on the host of the logs.
   */
  keepOutputs(params: { outputs: readonly OutputTail[] }): Promise<void>
  /** What is kept of a run; null when nothing is, or when more than `beyond` bytes are wanted and neither they nor the end are there. */
  output(params: { token: string; beyond?: number }): Promise<OutputTail | null>
}

/** Supervisors and workers on record. */
export interface ProcessRegistry {
  /**
   * A supervisor's heartbeat, one durable write: its row, its workers' rows (those of other ids of this supervisor are removed), the
   * leases of `tokens`, and a sample.
   */
  beat(params: {
    supervisor: Beat<SupervisorRow>
    workers: readonly Beat<WorkerRow>[]
    tokens: readonly string[]
    lease_ms: number
    sample: Omit<Sample, 'at'> | null
  }): Promise<Renewed>
  processes(): Promise<AnyProcess[]>
  /** Removes rows of processes that are gone, durably. */
  deregister(params: { ids: readonly string[] }): Promise<void>
  /** Samples of the last hour since `since` (epoch milliseconds), oldest first. */
  samples(params: { since: number }): Promise<Sample[]>
}

/** Requests from other terminals to supervisors. */
export interface ControlRequests {
  ask(params: Omit<Control, 'state' | 'result' | 'created_at'>): Promise<void>
  /** Controls for this supervisor that were not taken yet; they are now. */
  takeControls(params: { supervisor_id: string }): Promise<Control[]>
  /** Makes it done. A null result refuses it. */
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
 * A durable queue. Every adapter passes the same contract suite. Time is the store's own clock; ids and tokens are
 * made by callers; nothing is decided here but what must be decided inside one write.
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

  /** Calls `on_change` soon after others commit; a hint that may be missed or come for nothing. */
  watch(params: { on_change: (hint: Hint) => void }): { close(): void }
  /** From now on every commit of this connection is synced (workers that lost their supervisor). */
  syncEveryCommit(): void
  close(): Promise<void>
}
