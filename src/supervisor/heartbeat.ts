import { hostname } from 'node:os'
import type { Beat, ProcessIdentity, SupervisorRow } from '../domain/processes.ts'
import { uptime } from '../lib/clock.ts'
import type { JobStore } from '../store/port.ts'
import { Monitor } from './monitor.ts'
import type { SuperviseOptions } from './options.ts'
import type { Pool } from './pool.ts'
import type { Reaper } from './reaper.ts'
import type { SpaceReport } from './space-report.ts'

export type SupervisorFacts = Pick<
  SupervisorRow,
  'id' | 'version' | 'concurrency' | 'queues' | 'grace' | 'cwd' | 'log'
> & { identity: ProcessIdentity }

/** The fixed part of a supervisor's row in the registry. Picked by name: the store's address may hold a password. */
export function factsOf(options: SuperviseOptions, identity: ProcessIdentity): SupervisorFacts {
  const { id, version, concurrency, queues, grace, log } = options
  return { id, version, concurrency, queues, grace, log, cwd: process.cwd(), identity }
}

/** `lease_ms`: for how long a heartbeat renews leases. */
export interface HeartbeatParams {
  store: JobStore
  facts: SupervisorFacts
  pool: Pool
  reaper: Reaper
  space: SpaceReport
  lease_ms: number
}

/**
 * The heartbeat: one durable write that records the live processes and their resource use, and renews the leases of
 * workers that answer.
 */
export class Heartbeat {
  readonly #store: JobStore
  readonly #facts: SupervisorFacts
  readonly #pool: Pool
  readonly #reaper: Reaper
  readonly #space: SpaceReport
  readonly #lease_ms: number
  readonly #monitor = new Monitor()
  /** Whether a heartbeat has reached the store since the last ping. */
  #has_beaten = false
  readonly #recorded = Promise.withResolvers<void>()

  constructor(params: HeartbeatParams) {
    const { store, facts, pool, reaper, space, lease_ms } = params
    this.#store = store
    this.#facts = facts
    this.#pool = pool
    this.#reaper = reaper
    this.#space = space
    this.#lease_ms = lease_ms
  }

  /**
   * Resolves when this supervisor is in the registry. Before that it must fence no job: others could not look up the
   * holder.
   */
  get on_record(): Promise<void> {
    return this.#recorded.promise
  }

  /**
   * Asks the workers for a sign of life, apart from the heartbeat: a store that does not answer must not make them look
   * dead.
   */
  async ping(): Promise<void> {
    for (const worker of this.#pool.workers) worker.ping(this.#has_beaten)
    this.#has_beaten = false
  }

  async beat(state: SupervisorRow['state']): Promise<void> {
    const { id: supervisor_id } = this.#facts
    const workers = this.#pool.workers
    const asked_at = uptime()
    const renewed = workers
      .filter((worker) => worker.answers)
      .map((worker) => ({ worker, tokens: worker.jobs.map(({ token }) => token) }))
    const rows = workers.map((worker) => {
      const row = worker.row(supervisor_id, hostname(), this.#monitor.of(worker.pid))
      return { ...row, jobs: this.#monitor.withUsage(row.jobs) }
    })
    const supervisor = this.#row(state)
    const processes = [supervisor, ...rows].map(({ id, cpu, rss }) => ({ id, cpu, rss }))
    const { lost, cancelled } = await this.#store.beat({
      supervisor,
      workers: rows,
      tokens: renewed.flatMap(({ tokens }) => tokens),
      lease_ms: this.#lease_ms,
      sample: { supervisor_id, ...this.#pool.totals, processes },
    })
    this.#recorded.resolve()
    this.#has_beaten = true
    this.#pool.admit(workers)
    this.#pool.sendTokens('lost', lost)
    this.#pool.sendTokens('cancel', cancelled)
    const gone = new Set(lost)
    for (const { worker, tokens } of renewed) {
      const kept = tokens.filter((token) => !gone.has(token))
      if (kept.length > 0) worker.send({ type: 'renewed', tokens: kept, asked_at })
    }
    const jobs = workers.flatMap((worker) => worker.jobs)
    void this.#monitor.measure([process.pid, ...workers.map(({ pid }) => pid)], jobs, this.#store.now())
  }

  #row(state: SupervisorRow['state']): Beat<SupervisorRow> {
    const { count, restarts, totals } = this.#pool
    const usage = this.#monitor.of(process.pid)
    const figures = { cpu: usage?.cpu ?? null, rss: usage?.rss ?? null }
    const stuck = Object.fromEntries(this.#reaper.stuck)
    return {
      kind: 'supervisor',
      ...this.#facts,
      state,
      host: hostname(),
      count,
      restarts,
      ...totals,
      ...figures,
      stuck,
      low_space: this.#space.check(),
    }
  }
}
