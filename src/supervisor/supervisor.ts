import { EXIT, QueuectlError } from '../domain/errors.ts'
import { POLL_MS, STOP_CALL_MS } from '../domain/timing.ts'
import { within } from '../lib/async.ts'
import { monotonic } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'
import { noteSignals } from '../platform/signals.ts'
import type { Hint } from '../store/port.ts'
import { STOP } from './escalation.ts'
import { refuseSecondNamespace } from './namespace.ts'
import type { SuperviseOptions } from './options.ts'
import { assemble, type Parts } from './parts.ts'
import { HINT_MS } from './periodic-task.ts'
import { REGULAR, TASKS } from './task-table.ts'
import { HEARTBEAT } from './tasks/beat.ts'
import { RECOVER_DEAD } from './tasks/recover-dead.ts'
import { TAKE_REQUESTS } from './tasks/take-requests.ts'
import { WATCH_DRAIN } from './tasks/watch-drain.ts'

/** A tick this late means that this process was suspended: the silence was its own. */
const FROZEN_MS = 4_000

/**
 * Supervises workers until it is stopped, or its queues are drained. Returns the exit code. Throws `internal` (70)
 * where this process cannot be identified, and exit 78 on a store that another pid namespace, or a host with the same
 * ID, is using (R11).
 */
export async function supervise(options: SuperviseOptions): Promise<number> {
  const identity = platform.identify(process.pid)
  if (identity === null) throw new QueuectlError('internal', EXIT.internal, 'cannot identify this process')
  await refuseSecondNamespace(options.store, identity)
  return new Supervisor(assemble(options, identity)).run()
}

/** The main loop: a tick runs everything in order; each task has its own file. */
class Supervisor {
  readonly #parts: Parts
  #ticked_at = monotonic()
  /** When the last worker exited, by the monotonic clock. */
  #emptied_at: number | null = null
  #exit_code: number | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async run(): Promise<number> {
    const { options, store, pool, shutdown, tasks, sleeper } = this.#parts
    const signals = noteSignals(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'], () => sleeper.wake())
    const watcher = store.watch({ on_change: (hint) => this.#hint(hint) })
    const { id: supervisor, concurrency, report } = options
    const { label } = store.info
    report({ event: 'started', supervisor, pid: process.pid, workers: pool.count, concurrency, store: label })
    try {
      while (!this.#over()) {
        this.#noticeFreeze()
        for (const signal of signals.take()) shutdown.signal(signal)
        await tasks.run(TASKS.requests)
        if (shutdown.advance()) tasks.hasten(HEARTBEAT)
        this.#noticeFreeze()
        pool.killOverdue()
        await tasks.run(TASKS.deaths)
        this.#replaceDead()
        await tasks.run(TASKS.rounds)
        this.#reportReady()
        await sleeper.sleep(this.#nap())
      }
      return await this.#end()
    } finally {
      watcher.close()
      signals.restore()
    }
  }

  /** Another process committed: there may be work, a control, a job to cancel. */
  #hint(hint: Hint): void {
    const { pool, noted, tasks, sleeper } = this.#parts
    pool.wake_ups.newWork()
    noted.hint ||= hint === 'anything'
    if (noted.hint && tasks.hasten(TAKE_REQUESTS, HINT_MS)) sleeper.wake()
  }

  #noticeFreeze(): void {
    const { pool, reaper, contact } = this.#parts
    if (monotonic() - this.#ticked_at > FROZEN_MS) {
      for (const worker of pool.workers) worker.forgive()
      reaper.forgive()
      contact.again()
    }
    this.#ticked_at = monotonic()
  }

  #replaceDead(): void {
    const { pool, shutdown, tasks } = this.#parts
    const { hopeless } = pool
    if (hopeless !== null && !shutdown.begun) {
      this.#exit_code = hopeless.exit_code
      shutdown.request(STOP.graceful, hopeless.message)
    }
    if (pool.replace() > 0) tasks.hasten(HEARTBEAT)
  }

  #reportReady(): void {
    const { options, pool, shutdown, tasks, noted } = this.#parts
    if (noted.ready || !pool.all_ready || shutdown.begun) return
    noted.ready = true
    options.report({ event: 'ready', workers: pool.count })
    tasks.hasten(HEARTBEAT)
  }

  /** Milliseconds until the next tick, unless something wakes the supervisor. */
  #nap(): number {
    const { options, pool, tasks } = this.#parts
    if (options.drain && pool.all_idle) return Math.min(HINT_MS, tasks.dueIn(WATCH_DRAIN))
    return Math.min(POLL_MS, pool.next_fork_in, ...REGULAR.map((task) => tasks.dueIn(task)))
  }

  #over(): boolean {
    const { pool, shutdown, dead_workers, tasks } = this.#parts
    if (!shutdown.begun || pool.workers.length > 0) return shutdown.hopeless
    this.#emptied_at ??= monotonic()
    // The results of runs that cannot be settled now stay on disk; the next supervisor settles them (R5).
    const settled = !dead_workers.pending && !tasks.isBusy(RECOVER_DEAD)
    return settled || monotonic() - this.#emptied_at > STOP_CALL_MS
  }

  /** The last commits, each bounded: the answers to stop requests, and the removal of our rows from the registry. */
  async #end(): Promise<number> {
    const { options, store, pool, shutdown, dead_workers, controls, drain, noted, trouble } = this.#parts
    const killed = pool.killed + (shutdown.hopeless ? pool.workers.length : 0)
    const result = { killed: killed + dead_workers.released, released: pool.released }
    const bounded = (call: Promise<unknown>) => within(STOP_CALL_MS, call).catch(trouble)
    await Promise.all([
      bounded(drain.recount()),
      bounded(controls.end({ ...result, left: dead_workers.left })),
      bounded(store.deregister({ ids: [options.id, ...dead_workers.recovered.keys()] })),
    ])
    noted.ended = true
    const code = drain.conclude(options.report) ?? this.#exit_code
    const drained = !options.drain || code !== null
    options.report({ event: 'stopped', ...result, drained })
    return shutdown.exitCode(code ?? (drained ? EXIT.ok : EXIT.try_again), result.killed)
  }
}
