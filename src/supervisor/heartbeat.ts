import { hostname } from 'node:os'
import type { Beat, ProcessIdentity, SupervisorRow } from '../domain/processes.ts'
import { uptime } from '../lib/clock.ts'
import type { JobStore } from '../store/port.ts'
import { Monitor } from './monitor.ts'
import type { SuperviseOptions } from './options.ts'
import type { Fleet } from './pool.ts'
import type { Reaper } from './reaper.ts'
import type { SpaceReport } from './space-report.ts'

export type SupervisorFacts = Pick<
  SupervisorRow,
  'id' | 'version' | 'concurrency' | 'queues' | 'grace' | 'cwd' | 'log'
> & { identity: ProcessIdentity }

/** What the registry says of a supervisor from its start on. Picked by name: the store's address may hold a password. */
export function factsOf(options: SuperviseOptions, identity: ProcessIdentity): SupervisorFacts {
  const { id, version, concurrency, queues, grace, log } = options
  return { id, version, concurrency, queues, grace, log, cwd: process.cwd(), identity }
}

/** What a heartbeat tells of, and for how long it renews leases. */
export interface PulseParams {
  store: JobStore
  facts: SupervisorFacts
  fleet: Fleet
  reaper: Reaper
  space: SpaceReport
  lease_ms: number
}

/** The heartbeat: one durable write that says who lives, what they use, and renews the leases of those who answered. */
export class Pulse {
  readonly #store: JobStore
  readonly #facts: SupervisorFacts
  readonly #fleet: Fleet
  readonly #reaper: Reaper
  readonly #space: SpaceReport
  readonly #lease_ms: number
  readonly #monitor = new Monitor()
  /** Since the last ping. */
  #has_beaten = false
  readonly #recorded = Promise.withResolvers<void>()

  constructor(params: PulseParams) {
    const { store, facts, fleet, reaper, space, lease_ms } = params
    this.#store = store
    this.#facts = facts
    this.#fleet = fleet
    this.#reaper = reaper
    this.#space = space
    this.#lease_ms = lease_ms
  }

  /** Resolves when the registry knows this supervisor: what it took before would be held by nobody that another one could look for. */
  get on_record(): Promise<void> {
    return this.#recorded.promise
  }

  /** Asks the workers for a sign of life: a store that does not answer must not make them look dead. */
  async ping(): Promise<void> {
    for (const member of this.#fleet.members) member.ping(this.#has_beaten)
    this.#has_beaten = false
  }

  async beat(state: SupervisorRow['state']): Promise<void> {
    const { id: supervisor_id } = this.#facts
    const members = this.#fleet.members
    const asked_at = uptime()
    const renewed = members
      .filter((member) => member.answers)
      .map((member) => ({ member, tokens: member.jobs.map(({ token }) => token) }))
    const workers = members.map((member) => {
      const row = member.row(supervisor_id, hostname(), this.#monitor.of(member.pid))
      return { ...row, jobs: this.#monitor.withUsage(row.jobs) }
    })
    const supervisor = this.#row(state)
    const processes = [supervisor, ...workers].map(({ id, cpu, rss }) => ({ id, cpu, rss }))
    const { lost, cancelled } = await this.#store.beat({
      supervisor,
      workers,
      tokens: renewed.flatMap(({ tokens }) => tokens),
      lease_ms: this.#lease_ms,
      sample: { supervisor_id, ...this.#fleet.totals, processes },
    })
    this.#recorded.resolve()
    this.#has_beaten = true
    this.#fleet.admit(members)
    this.#fleet.tellTokens('lost', lost)
    this.#fleet.tellTokens('cancel', cancelled)
    const gone = new Set(lost)
    for (const { member, tokens } of renewed) {
      const kept = tokens.filter((token) => !gone.has(token))
      if (kept.length > 0) member.send({ type: 'renewed', tokens: kept, asked_at })
    }
    const jobs = members.flatMap((member) => member.jobs)
    void this.#monitor.measure([process.pid, ...members.map(({ pid }) => pid)], jobs, this.#store.now())
  }

  #row(state: SupervisorRow['state']): Beat<SupervisorRow> {
    const { count, restarts, totals } = this.#fleet
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
      low_space: this.#space.look(),
    }
  }
}
