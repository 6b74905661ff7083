import { expect } from 'chai'
import { ALL_QUEUES, type ClaimFilter, claimFilter } from '../../src/domain/claim-filter.ts'
import { QueuectlError } from '../../src/domain/errors.ts'
import { newToken } from '../../src/domain/ids.ts'
import type { Job, NewJob } from '../../src/domain/job.ts'
import { decide, type Outcome } from '../../src/domain/outcome.ts'
import type { ProcessIdentity, SupervisorRow, WorkerRow } from '../../src/domain/processes.ts'
import type { ClaimParams, JobStore, Settled, StoreRole } from '../../src/store/port.ts'
import { newJob } from '../helpers/new-job.ts'
import { waitFor } from '../helpers/wait-for.ts'

export { newJob }

/** An empty store that a test may open any number of times. */
export interface Bench {
  /** What another process needs to open it. */
  address: string
  /** Scale of large sets of jobs: 1, or less for a server that would take minutes. */
  scale: number
  /** Whether the store reports others' commits at once. */
  hears: boolean
  open(role?: StoreRole): Promise<JobStore>
  /** Sets the same finish time for all finished jobs. */
  endTogether(): Promise<void>
  /** Closes all opened stores and removes the data. */
  dispose(): Promise<void>
}

/** The suites' access to the store of the current test. */
export interface Kit {
  bench: Bench
  store: JobStore
}

/** The owner fields of a job that no worker holds. */
export const UNHELD = {
  processing_by: null,
  lease_token: null,
  run_token: null,
  locked_at: null,
  lease_expires_at: null,
  cancel_requested_at: null,
}

export const LEASE_MS = 20_000

/** How far a connection's estimate of the store's clock may be off, and how long a busy machine may delay a test. */
export const CLOCK_MS = 5_000

/** `full`, or less on a slow server. */
export const many = (kit: Kit, full: number) => Math.ceil(full * kit.bench.scale)

/** Inserts jobs with these `ids`, in that order. */
export async function put(store: JobStore, ids: readonly string[], over: Partial<NewJob> = {}): Promise<void> {
  await store.insert({ jobs: ids.map((id) => newJob({ id, ...over })) })
}

export function claimOf(over: Partial<ClaimParams> = {}): ClaimParams {
  return { worker_id: 'w1', host: 'here', token: newToken(), filter: ALL_QUEUES, lease_ms: LEASE_MS, ...over }
}

/** Claims a job; fails if none is ready. */
export async function take(store: JobStore, over: Partial<ClaimParams> = {}): Promise<Job & { lease_token: string }> {
  const { job } = await store.claim(claimOf(over))
  if (!job?.lease_token) throw new Error('nothing was ready')
  return job as Job & { lease_token: string }
}

export const SUCCESS: Outcome = { kind: 'exit', exit_code: 0 }
export const FAILURE: Outcome = { kind: 'exit', exit_code: 2 }

/** Settles `job` as its worker would. */
export function settle(store: JobStore, job: Job, outcome: Outcome, next?: ClaimParams): Promise<Settled> {
  const run = { worker: 'w1', host: 'here', run_ms: 5 }
  const params = { id: job.id, token: String(job.lease_token), settlement: decide(job, outcome), run }
  return store.settle(next ? { ...params, next } : params)
}

/** Claims jobs until none is ready; their ids in order. */
export async function takeAll(store: JobStore, filter: ClaimFilter = ALL_QUEUES): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const { job } = await store.claim(claimOf({ filter }))
    if (!job) return ids
    ids.push(job.id)
  }
}

/** A job in the state that `outcome` leads to. */
export async function ended(store: JobStore, id: string, outcome: Outcome, over: Partial<NewJob> = {}): Promise<void> {
  await put(store, [id], { max_retries: 0, ...over })
  await settle(store, await take(store, { filter: claimFilter(over.queue ? [over.queue] : null) }), outcome)
}

export async function mustGet(store: JobStore, id: string): Promise<Job> {
  const job = await store.get({ id })
  if (!job) throw new Error(`no job ${id}`)
  return job
}

/** Waits until `fact` holds. Throws after 15 s. */
export async function until(fact: () => boolean | Promise<boolean>): Promise<void> {
  await waitFor(fact, { within: 15_000, what: String(fact) })
}

/** The error that `promise` is rejected with. */
export async function refusal(promise: Promise<unknown>): Promise<QueuectlError> {
  const error = await promise.then(
    () => null,
    (reason) => reason,
  )
  expect(error).to.be.instanceOf(QueuectlError)
  return error as QueuectlError
}

const identity = (pid: number): ProcessIdentity => ({ host_id: 'h', boot_id: 'b', pid_ns: 'n', pid, start: '1' })
const figures = { host: 'here', cpu: null, rss: 1024, done: 0, failed: 0, restarts: 0 }

export function supervisorRow(id: string): Omit<SupervisorRow, 'beat_at' | 'beats' | 'started_at'> {
  const policy = { count: 1, concurrency: 1, queues: null, grace: 20, cwd: '/', log: null, stuck: {}, low_space: null }
  return { id, kind: 'supervisor', state: 'running', version: '0', identity: identity(101), ...figures, ...policy }
}

export function workerRow(id: string, supervisor_id: string): Omit<WorkerRow, 'beat_at' | 'beats' | 'started_at'> {
  return { id, kind: 'worker', supervisor_id, state: 'idle', identity: identity(102), jobs: [], ...figures }
}

/** One heartbeat of supervisor `id` with those workers. */
export const beatOf = (id: string, workers: readonly string[], tokens: readonly string[] = []) => ({
  supervisor: supervisorRow(id),
  workers: workers.map((worker) => workerRow(worker, id)),
  tokens,
  lease_ms: LEASE_MS,
  sample: null,
})
