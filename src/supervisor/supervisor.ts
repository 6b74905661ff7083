import { hostname } from 'node:os'
import { EXIT, QueuectlError } from '../domain/errors.ts'
import type { ProcessIdentity } from '../domain/processes.ts'
import { POLL_MS, timingOf } from '../domain/timing.ts'
import { Sleeper, within } from '../lib/async.ts'
import { monotonic } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'
import { noteSignals } from '../platform/signals.ts'
import { openTraces } from '../runs/journal.ts'
import type { Hint, JobStore } from '../store/port.ts'
import { Contact } from './contact.ts'
import { Controls } from './control-handler.ts'
import { Burial } from './dead-workers.ts'
import { Drain } from './drain.ts'
import { STOP } from './escalation.ts'
import { type Tell, troubleTeller } from './events.ts'
import { factsOf, Pulse } from './heartbeat.ts'
import { Housekeeping } from './housekeeping.ts'
import { refuseSecondNamespace } from './namespace.ts'
import { type SuperviseOptions, workerSetup } from './options.ts'
import { Duty } from './periodic-task.ts'
import { Fleet } from './pool.ts'
import { Reaper } from './reaper.ts'
import { Ending } from './shutdown.ts'
import { SpaceReport } from './space-report.ts'

/** No store call holds up a stop for longer (R8). */
const STOP_CALL_MS = 2_000
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

/** The conductor: its tick says what is done, in order; how it is done stands in the file of each duty. */
class Supervisor {
  readonly #options: SuperviseOptions
  readonly #store: JobStore
  readonly #tell: Tell
  readonly #fleet: Fleet
  readonly #reaper: Reaper
  readonly #ending: Ending
  readonly #burial: Burial
  readonly #pulse: Pulse
  readonly #house: Housekeeping
  readonly #contact = new Contact()
  readonly #trouble: (error: Error) => void
  readonly #sleeper = new Sleeper()
  readonly #controls: Controls
  readonly #duty
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
    const { beat_ms, reap_ms, lease_ms } = timingOf(store.info.shared, options.config.lease)
    const traces = openTraces(store.info.folder)
    this.#fleet = new Fleet({
      count: options.count,
      build: options.build,
      tell,
      wake: () => this.#sleeper.wake(),
      setup: () => workerSetup(options, this.#house.config, lease_ms),
    })
    const recovery = { store, platform, traces, by, host: hostname(), lease_ms, tell }
    this.#reaper = new Reaper(recovery, () => this.#contact.steady)
    this.#ending = new Ending(this.#fleet, grace * 1000, tell)
    this.#burial = new Burial(this.#fleet, this.#reaper, () => this.#ending.phase)
    const scope = { store, supervisor_id: by, fleet: this.#fleet, ending: this.#ending, tell }
    this.#controls = new Controls({ ...scope, end_of: (id) => this.#burial.endOf(id), grace_ms: grace * 1000 })
    const space = new SpaceReport(store.info.paths, options.config.min_free, tell)
    this.#house = new Housekeeping(store, options.config, {
      goes_on: () => !this.#ending.begun,
      on_look: ({ log_limit, log_tail, min_free }) => {
        this.#fleet.send({ type: 'settings', log_limit, log_tail, min_free })
        space.min_free = min_free
      },
    })
    const facts = factsOf(options, identity)
    this.#pulse = new Pulse({ store, facts, fleet: this.#fleet, reaper: this.#reaper, space, lease_ms })
    const duty = (ms: number, work: () => Promise<void>) => new Duty(ms, work, this.#trouble)
    this.#duty = {
      controls: duty(POLL_MS, () => this.#takeControls()),
      bury: duty(POLL_MS, () => this.#burial.perform()),
      ping: duty(beat_ms, () => this.#pulse.ping()),
      beat: duty(beat_ms, () => this.#beat()),
      reap: duty(reap_ms, () => this.#pulse.on_record.then(() => this.#reap())),
      house: duty(HOUSE_MS, () => this.#house.pass()),
      drain: duty(POLL_MS, () => this.#checkDrain()),
    }
  }

  async run(): Promise<number> {
    const signals = noteSignals(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'], () => this.#sleeper.wake())
    const watcher = this.#store.watch({ on_change: (hint) => this.#hint(hint) })
    const { id: supervisor, concurrency } = this.#options
    const { label: store } = this.#store.info
    this.#tell({ event: 'started', supervisor, pid: process.pid, workers: this.#fleet.count, concurrency, store })
    try {
      while (!this.#over()) {
        this.#noticeFreeze()
        for (const signal of signals.take()) this.#ending.signal(signal)
        await this.#duty.controls.run()
        if (this.#ending.advance()) this.#duty.beat.hasten()
        await this.#replaceDead()
        await this.#duty.ping.run()
        await this.#duty.beat.run()
        await this.#duty.reap.run()
        await this.#duty.house.run()
        if (this.#options.drain && !this.#ending.begun) await this.#lookAtDrain()
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
    this.#fleet.nudging.news()
    this.#hinted ||= hint === 'anything'
    if (this.#hinted && this.#duty.controls.hasten(HINT_MS)) this.#sleeper.wake()
  }

  #noticeFreeze(): void {
    if (monotonic() - this.#ticked_at > FROZEN_MS) {
      for (const member of this.#fleet.members) member.forgive()
      this.#reaper.forgive()
      this.#contact.again()
    }
    this.#ticked_at = monotonic()
  }

  async #takeControls(): Promise<void> {
    this.#fleet.nudging.look()
    if (await this.#controls.take()) this.#duty.beat.hasten()
    // The beat hears of cancel requests anyway; a commit of somebody else may be one.
    if (!this.#hinted) return
    this.#hinted = false
    const cancelled = (await this.#store.processing()).filter((job) => job.cancel_requested_at !== null)
    const tokens = cancelled.flatMap((job) => job.run_token ?? [])
    this.#fleet.tellTokens('cancel', tokens)
  }

  async #replaceDead(): Promise<void> {
    this.#noticeFreeze()
    this.#fleet.killOverdue()
    if (this.#fleet.has_ended) this.#duty.bury.hasten()
    if (this.#burial.pending) await this.#duty.bury.run()
    const { hopeless } = this.#fleet
    if (hopeless !== null && !this.#ending.begun) {
      this.#exit_code = hopeless.exit_code
      this.#ending.ask(STOP.graceful, hopeless.message)
    }
    if (this.#fleet.replace() > 0) this.#duty.beat.hasten()
  }

  async #beat(): Promise<void> {
    const running = this.#told_ready ? 'running' : 'starting'
    await this.#pulse.beat(this.#ending.begun ? 'stopping' : running)
    this.#contact.made()
  }

  async #reap(): Promise<void> {
    try {
      await this.#reaper.pass(new Set([...this.#fleet.members.map(({ id }) => id), ...this.#burial.ids]))
    } catch (error) {
      this.#reaper.forgive()
      throw error
    }
  }

  async #lookAtDrain(): Promise<void> {
    if (this.#fleet.all_idle) this.#duty.drain.hasten(HINT_MS)
    await this.#duty.drain.run()
  }

  async #checkDrain(): Promise<void> {
    const cause = await this.#drain.look()
    if (cause === null) return
    this.#ending.ask(STOP.graceful, cause)
    // At once, lest workers take what comes meanwhile.
    if (this.#ending.advance()) this.#duty.beat.hasten()
  }

  #greet(): void {
    if (this.#told_ready || !this.#fleet.all_ready || this.#ending.begun) return
    this.#told_ready = true
    this.#tell({ event: 'ready', workers: this.#fleet.count })
    this.#duty.beat.hasten()
  }

  #nap(): number {
    const { drain, bury, ...always } = this.#duty
    if (this.#options.drain && this.#fleet.all_idle) return Math.min(HINT_MS, drain.due_in)
    return Math.min(POLL_MS, this.#fleet.next_fork_in, ...Object.values(always).map((duty) => duty.due_in))
  }

  #over(): boolean {
    if (!this.#ending.begun || this.#fleet.members.length > 0) return this.#ending.hopeless
    this.#emptied_at ??= monotonic()
    // Runs that cannot be settled now keep their results on disk; the next supervisor settles them (R5).
    const settled = !this.#burial.pending && !this.#duty.bury.busy
    return settled || monotonic() - this.#emptied_at > STOP_CALL_MS
  }

  /** The last commits, bounded: the answer to whoever asked, and the registry without us. */
  async #end(): Promise<number> {
    const killed = this.#fleet.killed + (this.#ending.hopeless ? this.#fleet.members.length : 0)
    const result = { killed: killed + this.#burial.released, released: this.#fleet.released }
    const bounded = (call: Promise<unknown>) => within(STOP_CALL_MS, call).catch(this.#trouble)
    await Promise.all([
      bounded(this.#drain.lookAgain()),
      bounded(this.#controls.end({ ...result, left: this.#burial.left })),
      bounded(this.#store.deregister({ ids: [this.#options.id, ...this.#burial.buried.keys()] })),
    ])
    this.#ended = true
    const code = this.#drain.conclude(this.#tell) ?? this.#exit_code
    const drained = !this.#options.drain || code !== null
    this.#tell({ event: 'stopped', ...result, drained })
    return this.#ending.exitCode(code ?? (drained ? EXIT.ok : EXIT.try_again), result.killed)
  }
}
