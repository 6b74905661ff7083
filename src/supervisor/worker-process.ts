import type { Worker } from 'node:cluster'
import type { Beat, ProcessIdentity, RunningJob, WorkerRow } from '../domain/processes.ts'
import { POLL_MS, READY_MS, UNANSWERED_MS } from '../domain/timing.ts'
import { monotonic } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'
import type { FromWorker, JobEvent, ToWorker, WorkerSetup } from '../worker/messages.ts'

/** How long an answer to a ping may take. */
const ANSWER_MS = 1_000

/** How a worker process exited. `clean`: it sent `bye` first; an exit code alone proves nothing. */
export interface WorkerEnd {
  clean: boolean
  signaled: boolean
}

/** Why a worker could not begin. */
export interface Failure {
  message: string
  exit_code: number
}

/** One forked worker as its supervisor knows it. */
export class WorkerProcess {
  readonly id: string
  readonly pid: number
  readonly identity: ProcessIdentity
  readonly restarts: number
  readonly #process: Worker
  readonly #forked_at = monotonic()
  #received_at = monotonic()
  /** When the oldest unanswered ping was sent; null: all are answered. */
  #pinged_at: number | null = null
  #ponged = false
  ready = false
  /** What it runs now. Jobs started since the last pong have no pid yet. */
  jobs: RunningJob[] = []
  idle = false
  draining = false
  /** Whether its row is in the registry. */
  registered = false
  /** Whether it has sent `hello`, so that it receives messages. */
  #greeted = false
  /** When it got its setup, by the monotonic clock; null: it has not begun and holds nothing. */
  #begun_at: number | null = null
  #killed = false
  /** How many jobs it can run at a time, once it has begun. */
  #concurrency = 0
  /** Whether it rarely polls for work by itself. */
  patient = false
  /** When the last wake-up was sent, by the monotonic clock. */
  woken_at = Number.NEGATIVE_INFINITY
  /** There may be new work, and no wake-up was sent for it yet. */
  #wake_up_due = false
  done = 0
  failed = 0
  bye: { killed: number; released: number } | null = null
  failure: Failure | null = null
  ended: WorkerEnd | null = null

  constructor(id: string, process: Worker, identity: ProcessIdentity, restarts: number) {
    this.id = id
    this.#process = process
    this.identity = identity
    this.pid = identity.pid
    this.restarts = restarts
  }

  get state(): WorkerRow['state'] {
    if (!this.ready) return 'starting'
    if (this.draining) return 'draining'
    return this.jobs.length > 0 ? 'busy' : 'idle'
  }

  send(message: ToWorker): void {
    if (this.#process.isConnected()) this.#process.send(message, undefined, () => {})
  }

  get begun(): boolean {
    return this.#begun_at !== null
  }

  /** Sends the setup, once: when its row is in the registry and it receives messages. */
  begin(setup: WorkerSetup): void {
    if (!this.registered || !this.#greeted || this.begun || this.draining) return
    this.#begun_at = monotonic()
    this.#concurrency = setup.concurrency
    this.patient = setup.poll_ms > POLL_MS
    this.send({ type: 'setup', setup })
  }

  /** Updates the state of this worker from `message`. */
  receive(message: FromWorker): void {
    this.#received_at = monotonic()
    switch (message.type) {
      case 'hello':
        this.#greeted = true
        break
      case 'ready':
      case 'idle':
        this.ready = true
        this.idle = true
        break
      case 'pong':
        this.#ponged = true
        this.#pinged_at = null
        this.jobs = message.jobs
        this.idle = message.idle
        break
      case 'job_event':
        this.#note(message.event)
        break
      case 'bye':
        this.bye = { killed: message.killed, released: message.released }
        break
      case 'failed':
        this.failure = { message: message.message, exit_code: message.exit_code }
        break
    }
    this.#passWakeUp()
  }

  /** Whether it could claim a job now, as far as is known. */
  get free(): boolean {
    return this.ready && !this.draining && !this.#hangs && this.jobs.length < this.#concurrency
  }

  /**
   * There may be new work. The wake-up is sent at once if a slot is free, else when one becomes free: the worker may
   * have made its last check just before, unknown to us.
   */
  wake(): void {
    this.#wake_up_due = true
    this.#passWakeUp()
  }

  #passWakeUp(): void {
    if (!this.#wake_up_due || !this.ready || this.jobs.length >= this.#concurrency) return
    this.#wake_up_due = false
    this.woken_at = monotonic()
    this.send({ type: 'wake_up' })
  }

  #note({ id, run, token, command, event }: JobEvent): void {
    if (event === 'completed') this.done++
    if (event === 'retry' || event === 'dead') this.failed++
    this.jobs = this.jobs.filter((job) => job.id !== id)
    if (event !== 'started') return
    this.idle = false
    const unknown = { pid: null, cpu: null, rss: null, note: null }
    this.jobs.push({ id, run, token, command, started_at: Date.now(), ...unknown })
  }

  /** Asks for a sign of life. `beats`: whether a heartbeat has reached the store since the last ping. */
  ping(beats: boolean): void {
    this.#pinged_at ??= monotonic()
    this.send({ type: 'ping', beats })
  }

  /** Whether it answers its pings: the heartbeat renews its leases only then (R2). */
  get answers(): boolean {
    return this.#ponged && !this.#hangs
  }

  get #hangs(): boolean {
    return this.#pinged_at !== null && monotonic() - this.#pinged_at >= ANSWER_MS
  }

  /** Lets it claim no more and exit; one that has not begun is killed at once. */
  drain(grace_ms: number): void {
    this.draining = true
    if (this.begun) this.send({ type: 'drain', grace_ms })
    else this.kill()
  }

  /** The supervisor itself was suspended: start counting silence again. */
  forgive(): void {
    this.#received_at = monotonic()
  }

  /** Why this worker must be killed; null: it need not be. */
  overdue(): string | null {
    if (this.#killed) return null
    // A worker that sent `hello` and has not begun waits for us: the heartbeat that registers it has not reached the
    // store yet.
    const since = this.#begun_at ?? (this.#greeted ? Number.POSITIVE_INFINITY : this.#forked_at)
    if (!this.ready && monotonic() - since > READY_MS) return 'was not ready in 15 s'
    if (this.ready && monotonic() - this.#received_at > UNANSWERED_MS) return 'did not answer for 15 s'
    return null
  }

  kill(): void {
    this.#killed = true
    platform.signal(this.identity, 'SIGKILL')
  }

  /** Its row in the registry, with the newest figures. */
  row(supervisor_id: string, host: string, usage: { cpu: number; rss: number } | undefined): Beat<WorkerRow> {
    const { id, identity, state, jobs, done, failed, restarts } = this
    const figures = { cpu: usage?.cpu ?? null, rss: usage?.rss ?? null }
    return { kind: 'worker', id, supervisor_id, host, identity, state, jobs, done, failed, restarts, ...figures }
  }
}
