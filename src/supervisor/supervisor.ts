import { hostname } from 'node:os'
import { EXIT, QueuectlError } from '../domain/errors.ts'
import type { ProcessIdentity } from '../domain/processes.ts'
import { POLL_MS, STOP_CALL_MS, timingOf } from '../domain/timing.ts'
import { Sleeper, within } from '../lib/async.ts'
import { monotonic } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'
import { noteSignals } from '../platform/signals.ts'
import { openRunJournal } from '../runs/journal.ts'
import type { Hint, JobStore } from '../store/port.ts'
import { Contact } from './contact.ts'
import { ControlHandler } from './control-handler.ts'
import { DeadWorkers } from './dead-workers.ts'
import { Drain } from './drain.ts'
import { STOP } from './escalation.ts'
import { type Tell, troubleTeller } from './events.ts'
import { factsOf, Heartbeat } from './heartbeat.ts'
import { Housekeeping } from './housekeeping.ts'
import { refuseSecondNamespace } from './namespace.ts'
import { type SuperviseOptions, workerSetup } from './options.ts'
import { PeriodicTask } from './periodic-task.ts'
import { Pool } from './pool.ts'
import { Reaper } from './reaper.ts'
import { Shutdown } from './shutdown.ts'
import { SpaceReport } from './space-report.ts'

/** Hints may come with every commit; what they are looked at for is asked this often at most. */
const HINT_MS = 100
/** A tick this late means that this process was frozen, and silence its own. */
const FROZEN_MS = 4_000
const HOUSE_MS = 60_000

/** Supervises workers until it is stopped, or its queues are drained. Returns the exit code. */
export async function supervise(options: SuperviseOptions): Promise<number> {
  const identity = platform.identify(process.pid)
  if (identity === null) throw new QueuectlError('internal', EXIT.internal, 'cannot tell who this process is')
  await refuseSecondNamespace(options.store, identity)
  return new Supervisor(options, identity).run()
}

/** The conductor: its tick says what is done, in order; how it is done stands in the file of each task. */
class Supervisor {
  readonly #options: SuperviseOptions
  readonly #store: JobStore
  readonly #tell: Tell
  readonly #pool: Pool
  readonly #reaper: Reaper
  readonly #shutdown: Shutdown
  readonly #dead_workers: DeadWorkers
  readonly #heartbeat: Heartbeat
  readonly #house: Housekeeping
  readonly #contact = new Contact()
  readonly #trouble: (error: Error) => void
  readonly #sleeper = new Sleeper()
  readonly #controls: ControlHandler
  readonly #tasks
  readonly #drain: Drain
  #ticked_at = monotonic()
  #told_ready = false
  /** Calls that were given up may fail yet: nobody wants to hear of them any more. */
  #ended = false
  #hinted = false
  /** When the last worker was gone, by the monotonic clock. */
  #emptied_at: number | null = null
  #exit_code: number | null = null

  constructor(options: SuperviseOptions, identity: ProcessIdentity) {
    const { store, tell, id: by, grace } = options
    this.#options = options
    this.#store = store
    this.#tell = tell
    this.#drain = new Drain({ ...options, since: store.now() })
    const say = troubleTeller(tell)
    this.#trouble = (error) => {
      this.#contact.trouble(error)
      if (!this.#ended) say(error)
    }
    const settings = { ...options.config }
    const { beat_ms, reap_ms, lease_ms } = timingOf(store.info.shared, options.config.lease)
    const journal = openRunJournal(store.info.folder)
    this.#pool = new Pool({
      count: options.count,
      build: options.build,
      tell,
      wake: () => this.#sleeper.wake(),
      setup: () => workerSetup(options, settings, lease_ms),
    })
    const recovery = { store, platform, journal, by, host: hostname(), lease_ms, tell }
    this.#reaper = new Reaper(recovery, () => this.#contact.steady)
    this.#shutdown = new Shutdown(this.#pool, grace * 1000, tell)
    this.#dead_workers = new DeadWorkers(this.#pool, this.#reaper, () => this.#shutdown.phase)
    const scope = { store, supervisor_id: by, pool: this.#pool, shutdown: this.#shutdown, tell }
    this.#controls = new ControlHandler({
      ...scope,
      end_of: (id) => this.#dead_workers.endOf(id),
      grace_ms: grace * 1000,
    })
    const space = new SpaceReport(store.info.paths, settings, tell)
    this.#house = new Housekeeping(store, settings, {
      goes_on: () => !this.#shutdown.begun,
      on_settings: () => this.#pool.send({ type: 'settings', settings }),
    })
    const facts = factsOf(options, identity)
    this.#heartbeat = new Heartbeat({ store, facts, pool: this.#pool, reaper: this.#reaper, space, lease_ms })
    const task = (ms: number, work: () => Promise<void>) => new PeriodicTask(ms, work, this.#trouble)
    this.#tasks = {
      controls: task(POLL_MS, () => this.#takeControls()),
      recover: task(POLL_MS, () => this.#dead_workers.perform()),
      ping: task(beat_ms, () => this.#heartbeat.ping()),
      beat: task(beat_ms, () => this.#beat()),
      reap: task(reap_ms, () => this.#heartbeat.on_record.then(() => this.#reap())),
      house: task(HOUSE_MS, () => this.#house.pass()),
      drain: task(POLL_MS, () => this.#checkDrain()),
    }
  }

  async run(): Promise<number> {
    const signals = noteSignals(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'], () => this.#sleeper.wake())
    const watcher = this.#store.watch({ on_change: (hint) => this.#hint(hint) })
    const { id: supervisor, concurrency } = this.#options
    const { label: store } = this.#store.info
    this.#tell({ event: 'started', supervisor, pid: process.pid, workers: this.#pool.count, concurrency, store })
    try {
      while (!this.#over()) {
        this.#noticeFreeze()
        for (const signal of signals.take()) this.#shutdown.signal(signal)
        await this.#tasks.controls.run()
        if (this.#shutdown.advance()) this.#tasks.beat.hasten()
        await this.#replaceDead()
        await this.#tasks.ping.run()
        await this.#tasks.beat.run()
        await this.#tasks.reap.run()
        await this.#tasks.house.run()
        if (this.#options.drain && !this.#shutdown.begun) await this.#lookAtDrain()
        this.#greet()
        await this.#sleeper.sleep(this.#nap())
      }
      return await this.#end()
    } finally {
      watcher.close()
      signals.restore()
    }
  }

  /** Others committed: there may be work, a control, a job to cancel. */
  #hint(hint: Hint): void {
    this.#pool.wake_ups.newWork()
    this.#hinted ||= hint === 'anything'
    if (this.#hinted && this.#tasks.controls.hasten(HINT_MS)) this.#sleeper.wake()
  }

  #noticeFreeze(): void {
    if (monotonic() - this.#ticked_at > FROZEN_MS) {
      for (const worker of this.#pool.workers) worker.forgive()
      this.#reaper.forgive()
      this.#contact.again()
    }
    this.#ticked_at = monotonic()
  }

  async #takeControls(): Promise<void> {
    this.#pool.wake_ups.look()
    if (await this.#controls.take()) this.#tasks.beat.hasten()
    // The beat hears of cancel requests anyway; a commit of somebody else may be one.
    if (!this.#hinted) return
    this.#hinted = false
    const cancelled = (await this.#store.processing()).filter((job) => job.cancel_requested_at !== null)
    const tokens = cancelled.flatMap((job) => job.run_token ?? [])
    this.#pool.tellTokens('cancel', tokens)
  }

  async #replaceDead(): Promise<void> {
    this.#noticeFreeze()
    this.#pool.killOverdue()
    if (this.#pool.has_ended) this.#tasks.recover.hasten()
    if (this.#dead_workers.pending) await this.#tasks.recover.run()
    const { hopeless } = this.#pool
    if (hopeless !== null && !this.#shutdown.begun) {
      this.#exit_code = hopeless.exit_code
      this.#shutdown.ask(STOP.graceful, hopeless.message)
    }
    if (this.#pool.replace() > 0) this.#tasks.beat.hasten()
  }

  async #beat(): Promise<void> {
    const running = this.#told_ready ? 'running' : 'starting'
    await this.#heartbeat.beat(this.#shutdown.begun ? 'stopping' : running)
    this.#contact.made()
  }

  async #reap(): Promise<void> {
    try {
      await this.#reaper.pass(new Set([...this.#pool.workers.map(({ id }) => id), ...this.#dead_workers.ids]))
    } catch (error) {
      this.#reaper.forgive()
      throw error
    }
  }

  async #lookAtDrain(): Promise<void> {
    if (this.#pool.all_idle) this.#tasks.drain.hasten(HINT_MS)
    await this.#tasks.drain.run()
  }

  async #checkDrain(): Promise<void> {
    const cause = await this.#drain.look()
    if (cause === null) return
    this.#shutdown.ask(STOP.graceful, cause)
    // At once, lest workers take what comes meanwhile.
    if (this.#shutdown.advance()) this.#tasks.beat.hasten()
  }

  #greet(): void {
    if (this.#told_ready || !this.#pool.all_ready || this.#shutdown.begun) return
    this.#told_ready = true
    this.#tell({ event: 'ready', workers: this.#pool.count })
    this.#tasks.beat.hasten()
  }

  #nap(): number {
    const { drain, recover, ...always } = this.#tasks
    if (this.#options.drain && this.#pool.all_idle) return Math.min(HINT_MS, drain.due_in)
    return Math.min(POLL_MS, this.#pool.next_fork_in, ...Object.values(always).map((task) => task.due_in))
  }

  #over(): boolean {
    if (!this.#shutdown.begun || this.#pool.workers.length > 0) return this.#shutdown.hopeless
    this.#emptied_at ??= monotonic()
    // Runs that cannot be settled now keep their results on disk; the next supervisor settles them (R5).
    const settled = !this.#dead_workers.pending && !this.#tasks.recover.busy
    return settled || monotonic() - this.#emptied_at > STOP_CALL_MS
  }

  /** The last commits, bounded: the answer to whoever asked, and the registry without us. */
  async #end(): Promise<number> {
    const killed = this.#pool.killed + (this.#shutdown.hopeless ? this.#pool.workers.length : 0)
    const result = { killed: killed + this.#dead_workers.released, released: this.#pool.released }
    const bounded = (call: Promise<unknown>) => within(STOP_CALL_MS, call).catch(this.#trouble)
    await Promise.all([
      bounded(this.#drain.lookAgain()),
      bounded(this.#controls.end({ ...result, left: this.#dead_workers.left })),
      bounded(this.#store.deregister({ ids: [this.#options.id, ...this.#dead_workers.recovered.keys()] })),
    ])
    this.#ended = true
    const code = this.#drain.conclude(this.#tell) ?? this.#exit_code
    const drained = !this.#options.drain || code !== null
    this.#tell({ event: 'stopped', ...result, drained })
    return this.#shutdown.exitCode(code ?? (drained ? EXIT.ok : EXIT.try_again), result.killed)
  }
}
