import cluster from 'node:cluster'
import { EXIT } from '../domain/errors.ts'
import { randomWord } from '../domain/ids.ts'
import { platform } from '../platform/platform.ts'
import { selfCommand } from '../platform/self.ts'
import type { FromWorker, ToWorker } from '../worker/messages.ts'
import type { Report } from './events.ts'
import type { CommonSetup } from './options.ts'
import { freeStarts, Slot } from './slot.ts'
import { pollMs, WakeUps } from './wake-ups.ts'
import { type Failure, WorkerProcess } from './worker-process.ts'

/** After this many deaths with no worker ever ready, none will be. */
const HOPELESS_DEATHS = 5

export interface PoolOptions {
  count: number
  build: string
  setup: () => CommonSetup
  report: Report
  /** Wakes the supervisor: there is something to handle. */
  wake: () => void
}

/** Forks, watches and replaces workers. */
export class Pool {
  readonly #options: PoolOptions
  readonly #slots: Slot[] = []
  readonly wake_ups = new WakeUps(() => this.workers)
  /** Workers removed from their slot: they exit by themselves and are not replaced. */
  readonly #leaving = new Set<WorkerProcess>()
  /** Workers whose process has exited and whose runs are still to be recovered. */
  #ended: WorkerProcess[] = []
  /** Totals of the workers that have exited. */
  readonly #past = { done: 0, failed: 0 }
  #stopping = false
  #ever_ready = false
  #boot_deaths = 0
  #last_failure: Failure | null = null
  #replaced: Failure | null = null
  killed = 0
  released = 0

  constructor(options: PoolOptions) {
    this.#options = options
    const { entry, worker_args } = selfCommand()
    cluster.setupPrimary({ exec: entry, args: [], execArgv: worker_args, ...platform.fork_options })
    this.scale(options.count, 0)
  }

  get workers(): WorkerProcess[] {
    return [...this.#slots.flatMap((slot) => slot.worker ?? []), ...this.#leaving]
  }

  get count(): number {
    return this.#slots.length
  }

  get restarts(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.restarts, 0)
  }

  get totals(): { done: number; failed: number } {
    const totals = { ...this.#past }
    for (const { done, failed } of this.workers) {
      totals.done += done
      totals.failed += failed
    }
    return totals
  }

  get all_ready(): boolean {
    return this.#slots.every((slot) => slot.worker?.ready)
  }

  /** Whether all workers are idle. */
  get all_idle(): boolean {
    return this.workers.every((worker) => worker.jobs.length === 0 && worker.idle)
  }

  get has_ended(): boolean {
    return this.#ended.length > 0
  }

  /** Milliseconds until the next fork; Infinity: not before another worker is ready or has exited. */
  get next_fork_in(): number {
    if (this.#stopping || freeStarts(this.workers) === 0) return Number.POSITIVE_INFINITY
    return Math.min(...this.#slots.map((slot) => slot.due_in))
  }

  /** Why no worker will ever be ready, or why new workers belong to another build; null: neither. */
  get hopeless(): Failure | null {
    if (this.#replaced !== null) return this.#replaced
    if (this.#ever_ready || this.#boot_deaths < HOPELESS_DEATHS) return null
    return this.#last_failure ?? { message: 'workers exit before they are ready', exit_code: 70 }
  }

  /** Changes the number of workers. Surplus workers, idle ones first, drain with `grace_ms` and are not replaced. */
  scale(count: number, grace_ms: number): void {
    while (this.#slots.length < count) this.#slots.push(new Slot())
    const surplus = [...this.#slots].sort((a, b) => a.load - b.load).slice(0, this.#slots.length - count)
    for (const slot of surplus) this.#retire(slot, grace_ms)
  }

  /**
   * Removes one worker, which lowers the count by one; for a worker that is already draining it may shorten the grace.
   */
  remove(worker_id: string, grace_ms: number): void {
    const slot = this.#slots.find(({ worker }) => worker?.id === worker_id)
    if (slot) this.#retire(slot, grace_ms)
    else for (const worker of this.#leaving) if (worker.id === worker_id) worker.drain(grace_ms)
  }

  /** Forks workers for empty slots that are due. Returns how many. */
  replace(): number {
    if (this.#stopping) return 0
    const due = this.#slots.filter((slot) => slot.due_in === 0).slice(0, freeStarts(this.workers))
    for (const slot of due) this.#fork(slot)
    return due.length
  }

  /** Kills workers that hang; they are replaced after they exit. */
  killOverdue(): void {
    for (const worker of this.workers) {
      const why = worker.overdue()
      if (why === null) continue
      this.#options.report({ event: 'trouble', message: `worker ${worker.id} (pid ${worker.pid}) ${why}: killing it` })
      worker.kill()
    }
  }

  /** Workers that exited since the last call. */
  takeEnded(): WorkerProcess[] {
    return this.#ended.splice(0)
  }

  /** Lets `workers` begin: their rows are in the registry now, so all that they claim has a known owner. */
  admit(workers: readonly WorkerProcess[]): void {
    for (const worker of workers) {
      worker.registered = true
      this.#begin(worker)
    }
  }

  send(message: ToWorker): void {
    for (const worker of this.workers) worker.send(message)
  }

  drain(grace_ms: number): void {
    this.#stopping = true
    for (const worker of this.workers) worker.drain(grace_ms)
  }

  kill(): void {
    for (const worker of this.workers) worker.kill()
  }

  /**
   * Sends all workers the tokens of runs that are lost or to be cancelled: the latest known owner may be a heartbeat
   * old.
   */
  sendTokens(type: 'lost' | 'cancel', tokens: readonly string[]): void {
    if (tokens.length > 0) this.send({ type, tokens: [...tokens] })
  }

  #retire(slot: Slot, grace_ms: number): void {
    this.#slots.splice(this.#slots.indexOf(slot), 1)
    if (slot.worker === null) return
    this.#leaving.add(slot.worker)
    slot.worker.drain(grace_ms)
  }

  #fork(slot: Slot): void {
    const id = `w-${randomWord(8)}`
    const child = cluster.fork({ QUEUECTL_WORKER: id })
    const identity = child.process.pid === undefined ? null : platform.identify(child.process.pid)
    // A process that exited before it could be identified has nothing to recover.
    if (identity === null) {
      slot.fill(null)
      return
    }
    const worker = new WorkerProcess(id, child, identity, slot.restarts)
    slot.fill(worker)
    child.on('message', (message: FromWorker) => this.#onMessage(worker, message))
    child.on('error', () => {})
    child.process.stderr?.pipe(process.stderr)
    child.on('exit', (code, signal) =>
      this.#onExit(slot, worker, signal === null ? `exit code ${code}` : `signal ${signal}`),
    )
  }

  #onMessage(worker: WorkerProcess, message: FromWorker): void {
    worker.receive(message)
    switch (message.type) {
      case 'hello':
        if (message.build === this.#options.build) this.#begin(worker)
        else this.#refuse(worker, message.build)
        break
      case 'ready':
        this.#ever_ready = true
        this.#options.wake()
        break
      case 'idle':
        this.#options.wake()
        break
      case 'job_event':
        this.#options.report({ event: 'job', news: message.event })
        if (message.event.event === 'started') this.wake_ups.found(worker)
        break
      case 'trouble':
        this.#options.report({ event: 'trouble', message: `worker ${worker.id}: ${message.message}` })
        break
    }
  }

  /** The program file was replaced meanwhile: this build need not understand what the new one sends and writes. */
  #refuse(worker: WorkerProcess, build: string): void {
    const message = `this program (${this.#options.build}) was replaced by ${build}: start the supervisor again`
    this.#replaced = { message, exit_code: EXIT.try_again }
    worker.kill()
    this.#options.wake()
  }

  #begin(worker: WorkerProcess): void {
    worker.begin({ ...this.#options.setup(), id: worker.id, poll_ms: pollMs(this.count) })
  }

  /** Handles the exit of a worker in one place: its slot waits for a new one, its runs for recovery. */
  #onExit(slot: Slot, worker: WorkerProcess, exit: string): void {
    const leaving = this.#leaving.delete(worker) || this.#stopping
    const replaced_in_ms = slot.worker === worker ? slot.vacate() : null
    const cause = worker.failure?.message ?? exit
    worker.ended = { clean: worker.bye !== null || !worker.begun, signaled: exit.startsWith('signal') }
    this.#past.done += worker.done
    this.#past.failed += worker.failed
    this.killed += worker.bye?.killed ?? 0
    this.released += worker.bye?.released ?? 0
    this.#ended.push(worker)
    if (!this.#ever_ready && !leaving) {
      this.#boot_deaths++
      this.#last_failure = worker.failure
    }
    const { id, pid } = worker
    if (!leaving || !worker.ended.clean) {
      this.#options.report({
        event: 'worker_ended',
        worker: id,
        pid,
        cause,
        replaced_in_ms: leaving ? null : replaced_in_ms,
      })
    }
    this.#options.wake()
  }
}
