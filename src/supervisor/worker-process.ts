import type { Worker } from 'node:cluster'
import type { Beat, ProcessIdentity, RunningJob, WorkerRow } from '../domain/processes.ts'
import { POLL_MS, READY_MS, UNANSWERED_MS } from '../domain/timing.ts'
import { monotonic } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'
import type { FromWorker, JobEvent, ToWorker, WorkerSetup } from '../worker/messages.ts'

/** An answer to a ping may take so long. */
const ANSWER_MS = 1_000

/** How a worker process ended. `clean`: it said bye first; an exit code alone proves nothing. */
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
  #heard_at = monotonic()
  /** When the oldest ping without an answer was sent; null: none is. */
  #pinged_at: number | null = null
  #ponged = false
  ready = false
  /** What it runs now. The pid of what was started since the last pong is not known yet. */
  jobs: RunningJob[] = []
  idle = false
  draining = false
  /** Its row is in the registry. */
  registered = false
  /** It listens. */
  #greeted = false
  /** When it was given its setup, by the monotonic clock; null: it has not begun, so that it holds nothing. */
  #begun_at: number | null = null
  #killed = false
  /** Jobs that it can run at a time, once it may begin. */
  #concurrency = 0
  /** It looks rarely for work by itself. */
  patient = false
  /** When it was last told that there may be work, by the monotonic clock. */
  woken_at = Number.NEGATIVE_INFINITY
  /** There may be new work that it was not told of. */
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

  /** Gives it its setup, once: when its row is in the registry and it listens. */
  begin(setup: WorkerSetup): void {
    if (!this.registered || !this.#greeted || this.begun || this.draining) return
    this.#begun_at = monotonic()
    this.#concurrency = setup.concurrency
    this.patient = setup.poll_ms > POLL_MS
    this.send({ type: 'setup', setup })
  }

  /** Notes what `message` says about the worker itself. */
  hear(message: FromWorker): void {
    this.#heard_at = monotonic()
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

  /** Whether it could take a job now, as far as is known. */
  get free(): boolean {
    return this.ready && !this.draining && !this.#hangs && this.jobs.length < this.#concurrency
  }

  /**
   * New work may be there. Wakeable at once if a slot is free, else when one becomes free: it may have looked for work for the last time
   * just before, and we not know of it yet.
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

  /** Asks for a sign of life. `beats`: since the last ping a beat has reached the store. */
  ping(beats: boolean): void {
    this.#pinged_at ??= monotonic()
    this.send({ type: 'ping', beats })
  }

  /** Whether it answers its pings: only then are its leases renewed for it (R2). */
  get answers(): boolean {
    return this.#ponged && !this.#hangs
  }

  get #hangs(): boolean {
    return this.#pinged_at !== null && monotonic() - this.#pinged_at >= ANSWER_MS
  }

  /** It takes no more and ends; one that has not begun is ended at once. */
  drain(grace_ms: number): void {
    this.draining = true
    if (this.begun) this.send({ type: 'drain', grace_ms })
    else this.kill()
  }

  /** After the supervisor itself was frozen, silence is its own. */
  forgive(): void {
    this.#heard_at = monotonic()
  }

  /** Why this worker must be killed; null when all is well. */
  overdue(): string | null {
    if (this.#killed) return null
    // One that listens and has not begun waits for us: a beat that brings it into the registry did not come through yet.
    const since = this.#begun_at ?? (this.#greeted ? Number.POSITIVE_INFINITY : this.#forked_at)
    if (!this.ready && monotonic() - since > READY_MS) return 'was not ready in 15 s'
    if (this.ready && monotonic() - this.#heard_at > UNANSWERED_MS) return 'did not answer for 15 s'
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
