import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { queuectl } from '../helpers/queuectl.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { Feeder } from './feeder.ts'
import { Init } from './init.ts'
import { Killer } from './killer.ts'
import { kindOf } from './kinds.ts'
import { LedgerTail, type Line } from './ledger.ts'
import type { Plan, PlannedJob, PlannedKill } from './plan.ts'
import { Random } from './random.ts'
import type { RunFolder } from './run-folder.ts'
import { Registry } from './seen-processes.ts'
import type { Server } from './server.ts'

const TICK_MS = 20
const REGISTRY_MS = 100
const CHECK_MS = 300
const PROGRESS_MS = 15_000
/** Jobs that are held back for kills that find no victim, or no time, before the others have ended. */
const RESERVE = 10
/** A supervisor is in the registry, where a stop finds it, at most this long after its start. */
const REGISTERED_MS = 20_000
/** Concurrency of the workers of each supervisor. */
const CONCURRENCY = [1, 2]
const SUPERVISORS = CONCURRENCY.length

export interface RunParams {
  run_folder: RunFolder
  plan: Plan
  /** Whether the program has kill points. */
  has_points: boolean
  seed: number
  workers: number
  /** About how many jobs wait at a time. */
  depth: number
  limit_ms: number
  server: Server | null
  on_progress: (line: string) => void
}

/** The result of a run, before the check of its run history. */
export interface Played {
  kills: Killer['kills']
  supervisor_of: ReadonlyMap<string, string>
  accepted: ReadonlySet<string>
  /** Whether every job reached a final state in time. */
  finished: boolean
  seconds: number
  supervisors_started: number
  commands_killed: number
  /** Planned kills that did not happen. */
  kills_missed: number
  /** Kill points that no process reached in time. */
  points_missed: number
  problems: string[]
}

/** Plays a plan to its end: feeds jobs, kills, restarts, cancels, and stops when every job is final. */
export async function play(params: RunParams): Promise<Played> {
  return new Game(params).play()
}

class Game {
  readonly #params: RunParams
  readonly #registry = new Registry()
  readonly #killer: Killer
  readonly #feeder: Feeder
  readonly #init: Init
  readonly #tail: LedgerTail
  readonly #to_feed: PlannedJob[]
  readonly #to_kill: PlannedKill[]
  readonly #to_cancel: string[] = []
  readonly #kind_of
  #starts = 0
  readonly #seen = new Set<string>()
  /** Whether all enqueued jobs were final at the last check. */
  #idle = false
  #feeding: Promise<void> | null = null
  #cancelling: Promise<void> | null = null
  #serving: Promise<void> | null = null
  readonly #problems: string[] = []
  #points_missed = 0

  constructor(params: RunParams) {
    const { run_folder, plan, seed, has_points } = params
    this.#params = params
    this.#killer = new Killer(run_folder, this.#registry)
    this.#feeder = new Feeder(run_folder, new Random(seed + 1), has_points)
    this.#init = new Init(run_folder, new Random(seed + 2), (pid, code) => this.#killer.mayEnd(pid, code))
    this.#tail = new LedgerTail(run_folder.ledger)
    this.#to_feed = [...plan.jobs]
    this.#to_kill = [...plan.kills]
    this.#kind_of = new Map(plan.jobs.map(({ id, kind }) => [id, kindOf(kind)]))
  }

  async play(): Promise<Played> {
    const { run_folder, workers, limit_ms } = this.#params
    const began = performance.now()
    const store = await openStore({
      address: run_folder.address,
      role: 'command',
      data_folder: run_folder.folder,
      is_alive: () => false,
    })
    try {
      const houses = Math.min(SUPERVISORS, workers)
      for (let i = 0; i < houses; i++) this.#init.keep(Math.ceil((workers - i) / houses), CONCURRENCY[i] ?? 1)
      const finished = await this.#untilFinal(store, began + limit_ms)
      const seconds = (performance.now() - began) / 1000
      await this.#stop(store)
      return this.#played(finished, seconds)
    } finally {
      await store.close()
    }
  }

  async #untilFinal(store: JobStore, until: number): Promise<boolean> {
    const { on_progress, plan } = this.#params
    const every = { registry: due(REGISTRY_MS), check: due(CHECK_MS), progress: due(PROGRESS_MS) }
    while (performance.now() < until) {
      for (const line of this.#tail.read()) this.#note(line)
      if (every.registry()) await this.#registry.refresh(store)
      this.#kill()
      this.#killer.notePoints()
      this.#feed()
      this.#cancel()
      if (every.check() && (await this.#isFinal(store))) return true
      if (every.progress()) {
        on_progress(`${this.#seen.size} of ${plan.jobs.length} jobs started, ${this.#killer.killed} processes killed`)
      }
      await sleep(TICK_MS)
    }
    return false
  }

  #note({ word, job }: Line): void {
    if (word !== 'start') return
    this.#starts++
    if (this.#seen.has(job)) return
    this.#seen.add(job)
    if (this.#kind_of.get(job)?.cancel === 'running') this.#to_cancel.push(job)
  }

  #kill(): void {
    const next = this.#to_kill[0]
    if (next === undefined || next.after > this.#starts) return
    if (next.kind === 'server') {
      const { server } = this.#params
      if (this.#serving !== null || server === null) return
      this.#serving = this.#guard(this.#killServer(server, next.chance))
    } else if (!this.#killer.perform(next)) return
    this.#to_kill.shift()
  }

  async #killServer(server: Server, chance: number): Promise<void> {
    this.#killer.noteServer(await server.kill())
    await server.comeBack(chance)
    this.#serving = null
  }

  /** Keeps about `depth` jobs waiting. */
  #feed(): void {
    const { depth } = this.#params
    const accepted = [...this.#feeder.accepted].filter((id) => !this.#kind_of.get(id)?.unseen)
    const waiting = accepted.length - this.#seen.size
    const spare = this.#to_kill.length > 0 ? this.#to_feed.length - RESERVE : this.#to_feed.length
    const is_due = spare > 0 ? waiting <= depth / 2 : this.#idle
    if (this.#feeding !== null || this.#to_feed.length === 0 || !is_due) return
    this.#idle = false
    this.#feeding = this.#guard(this.#feeder.enqueue(this.#to_feed.splice(0, clamp(spare, 1, depth)))).then(() => {
      this.#feeding = null
    })
  }

  #cancel(): void {
    if (this.#cancelling !== null || this.#to_cancel.length === 0) return
    this.#cancelling = this.#guard(this.#feeder.cancel(this.#to_cancel.splice(0))).then(() => {
      this.#cancelling = null
    })
  }

  async #guard(work: Promise<unknown>): Promise<void> {
    await work.catch((error) => this.#problems.push(String((error as Error).stack)))
  }

  async #isFinal(store: JobStore): Promise<boolean> {
    if (this.#feeding !== null || this.#serving !== null) return false
    try {
      const { ready, scheduled, retrying, processing } = (await store.overview()).total
      this.#idle = ready + scheduled + retrying + processing === 0
      return this.#idle && this.#to_feed.length === 0
    } catch {
      return false
    }
  }

  /** Stops everything; after that nothing may remain. */
  async #stop(store: JobStore): Promise<void> {
    await Promise.all([this.#feeding, this.#cancelling, this.#serving])
    this.#killer.thaw()
    this.#init.retire()
    const are_registered = async () => {
      await this.#registry.refresh(store)
      const pids = new Set(this.#registry.rows.map(({ identity }) => identity.pid))
      return this.#init.pids.every((pid) => pids.has(pid))
    }
    await this.#guard(waitFor(are_registered, { within: REGISTERED_MS, what: 'all supervisors are registered' }))
    this.#points_missed = this.#killer.disarm()
    const { code, stderr } = await queuectl(['worker', 'stop'], { env: this.#params.run_folder.env })
    if (code !== 0) this.#problems.push(`worker stop exited with ${code}: ${stderr.trim()}`)
  }

  #played(finished: boolean, seconds: number): Played {
    return {
      kills: this.#killer.kills,
      supervisor_of: this.#registry.supervisor_of,
      accepted: this.#feeder.accepted,
      finished,
      seconds,
      supervisors_started: this.#init.started,
      commands_killed: this.#feeder.killed,
      kills_missed: this.#to_kill.length,
      points_missed: this.#points_missed,
      problems: [...this.#problems, ...this.#feeder.problems, ...this.#init.deserted],
    }
  }
}

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most)

/** Returns a function that returns true at most once every `ms`. */
function due(ms: number): () => boolean {
  let last = performance.now()
  return () => {
    if (performance.now() - last < ms) return false
    last = performance.now()
    return true
  }
}
