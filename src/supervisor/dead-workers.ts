import type { Outcome } from '../domain/outcome.ts'
import type { ControlResult } from '../domain/processes.ts'
import type { Pool } from './pool.ts'
import type { Reaper } from './reaper.ts'
import type { WorkerProcess } from './worker-process.ts'

/** Handles dead workers: their runs are recovered at once. */
export class DeadWorkers {
  readonly #pool: Pool
  readonly #reaper: Reaper
  readonly #stop: () => 'none' | 'stopping' | 'overdue'
  #waiting: WorkerProcess[] = []
  /** Results of the workers that were handled, by ID. */
  readonly recovered = new Map<string, ControlResult>()
  /** Runs that were released because their worker did not exit in time. */
  released = 0

  /** `stop` returns the phase of a stop, on which the meaning of a death depends (R6). */
  constructor(pool: Pool, reaper: Reaper, stop: () => 'none' | 'stopping' | 'overdue') {
    this.#pool = pool
    this.#reaper = reaper
    this.#stop = stop
  }

  get pending(): boolean {
    return this.#waiting.length > 0 || this.#pool.has_ended
  }

  /** IDs of workers that died and are not recovered yet: this supervisor is still responsible for them. */
  get ids(): string[] {
    return this.#waiting.map(({ id }) => id)
  }

  /** The result of that worker's exit; null while it lives or its runs are not recovered. */
  endOf(id: string): ControlResult | null {
    const lives = this.#pool.has_ended || [...this.#pool.workers, ...this.#waiting].some((worker) => worker.id === id)
    return lives ? null : (this.recovered.get(id) ?? { killed: 0, released: 0 })
  }

  /** What is not proven gone: workers, and jobs with a run that cannot be ended (R4). */
  get left(): { id: string; reason: string }[] {
    const living = this.#pool.workers.map(({ id }) => ({ id, reason: 'the worker does not exit' }))
    const unsettled = this.#waiting.map(({ id }) => ({
      id,
      reason: 'the worker exited, but its runs are not settled',
    }))
    const stuck = [...this.#reaper.stuck].map(([id, reason]) => ({ id, reason }))
    return [...living, ...unsettled, ...stuck]
  }

  async perform(): Promise<void> {
    this.#waiting.push(...this.#pool.takeEnded())
    for (const worker of [...this.#waiting]) {
      const outcome = this.#outcome(worker)
      const settled = await this.#reaper.recoverOwner(worker, outcome).catch(async (error) => {
        // Nobody else would end its runs before their leases expire.
        await this.#reaper.endRuns(
          worker,
          worker.jobs.map(({ token }) => token),
        )
        throw error
      })
      const released = outcome.kind === 'released' && !worker.ended?.clean ? settled : 0
      this.released += released
      this.#waiting.splice(this.#waiting.indexOf(worker), 1)
      const { killed, released: by_worker } = worker.bye ?? { killed: 0, released: 0 }
      this.recovered.set(worker.id, { killed: killed + released, released: by_worker })
    }
  }

  #outcome(worker: WorkerProcess): Outcome {
    // Its runs have ended, with their results on disk; what remains was claimed and never started.
    if (worker.ended?.clean) return { kind: 'released', cause: 'not started' }
    const stop = this.#stop()
    if (stop === 'overdue') return { kind: 'released', cause: 'end of grace' }
    // An init that stops a service signals all of its processes, workers included.
    if (stop === 'stopping' && worker.ended?.signaled) return { kind: 'released', cause: 'stop signal' }
    return { kind: 'interrupted', cause: 'worker died' }
  }
}
