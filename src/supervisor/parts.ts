import { hostname } from 'node:os'
import type { ProcessIdentity } from '../domain/processes.ts'
import type { Settings } from '../domain/settings.ts'
import { timingOf } from '../domain/timing.ts'
import { Sleeper } from '../lib/async.ts'
import { LogSweep } from '../logs/log-sweep.ts'
import { platform } from '../platform/platform.ts'
import { openRunJournal } from '../runs/journal.ts'
import type { JobStore } from '../store/port.ts'
import { Contact } from './contact.ts'
import { ControlHandler } from './control-handler.ts'
import { DeadWorkers } from './dead-workers.ts'
import { Drain } from './drain.ts'
import { troubleReporter } from './events.ts'
import { factsOf, Heartbeat } from './heartbeat.ts'
import { type SuperviseOptions, workerSetup } from './options.ts'
import { type PeriodicTask, TaskRunner } from './periodic-task.ts'
import { Pool } from './pool.ts'
import { Reaper } from './reaper.ts'
import { Shutdown } from './shutdown.ts'
import { SpaceReport } from './space-report.ts'

/** The parts of a supervisor, which its tasks work with. */
export interface Parts {
  readonly options: SuperviseOptions
  readonly store: JobStore
  /** As last read from the store: one object that changes in place. */
  readonly settings: Settings
  readonly pool: Pool
  readonly controls: ControlHandler
  readonly shutdown: Shutdown
  readonly dead_workers: DeadWorkers
  readonly heartbeat: Heartbeat
  readonly reaper: Reaper
  readonly contact: Contact
  readonly old_logs: LogSweep
  readonly drain: Drain
  readonly tasks: TaskRunner<Parts>
  readonly sleeper: Sleeper
  readonly trouble: (error: Error) => void
  /** What one step notes and another one acts on. */
  readonly noted: {
    /** Another process has committed something. */
    hint: boolean
    /** All workers were ready, and that was reported. */
    ready: boolean
    /** The supervisor has finished: abandoned calls may still fail, and that is no longer reported. */
    ended: boolean
  }
}

export type SupervisorTask = PeriodicTask<Parts>

/** Creates the parts of a supervisor and starts nothing. */
export function assemble(options: SuperviseOptions, identity: ProcessIdentity): Parts {
  const { store, report, id: by } = options
  const grace_ms = options.grace * 1000
  const settings = { ...options.config }
  const timing = timingOf(store.info.shared, settings.lease)
  const { lease_ms } = timing
  const noted = { hint: false, ready: false, ended: false }
  const sleeper = new Sleeper()
  const contact = new Contact()
  const drain = new Drain({ ...options, since: store.now() })
  const reportTrouble = troubleReporter(report)
  const trouble = (error: Error) => {
    contact.trouble(error)
    if (!noted.ended) reportTrouble(error)
  }
  const journal = openRunJournal(store.info.folder)
  const pool = new Pool({
    count: options.count,
    build: options.build,
    report,
    wake: () => sleeper.wake(),
    setup: () => workerSetup(options, settings, lease_ms),
  })
  const recovery = { store, platform, journal, by, host: hostname(), lease_ms, report }
  const reaper = new Reaper(recovery, () => contact.steady)
  const shutdown = new Shutdown(pool, grace_ms, report)
  const dead_workers = new DeadWorkers(pool, reaper, () => shutdown.phase)
  const end_of = (id: string) => dead_workers.endOf(id)
  const controls = new ControlHandler({ store, supervisor_id: by, pool, shutdown, report, end_of, grace_ms })
  const space = new SpaceReport(store.info.paths, settings, report)
  const heartbeat = new Heartbeat({ store, facts: factsOf(options, identity), pool, reaper, space, lease_ms })
  const old_logs = new LogSweep(store)
  const tasks: TaskRunner<Parts> = new TaskRunner(() => parts, timing, trouble)
  const work = { controls, shutdown, dead_workers, heartbeat, reaper, contact, old_logs, drain }
  const parts: Parts = { options, store, settings, pool, ...work, tasks, sleeper, trouble, noted }
  return parts
}
