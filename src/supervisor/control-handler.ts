import type { Control, ControlResult } from '../domain/processes.ts'
import type { JobStore } from '../store/port.ts'
import { STOP } from './escalation.ts'
import type { Report } from './events.ts'
import type { Pool } from './pool.ts'
import type { Shutdown } from './shutdown.ts'

/** What controls act on. */
export interface ControlScope {
  store: JobStore
  supervisor_id: string
  pool: Pool
  shutdown: Shutdown
  /** The result of a worker's exit; null until it has exited and its runs are recovered. */
  end_of: (worker_id: string) => ControlResult | null
  /** Milliseconds. */
  grace_ms: number
  report: Report
}

/** ID of the control that holds a supervisor's final result. */
export const lastWordOf = (supervisor_id: string) => `end-${supervisor_id}`

/** Accepts the requests of other terminals and answers when they are done. */
export class ControlHandler {
  readonly #scope: ControlScope
  /** Requests to stop one worker, answered when it has exited. */
  readonly #leaving: { id: string; worker_id: string }[] = []

  constructor(scope: ControlScope) {
    this.#scope = scope
  }

  /** Accepts all open requests. Returns whether any came. */
  async take(): Promise<boolean> {
    const { store, supervisor_id } = this.#scope
    const controls = await store.takeControls({ supervisor_id })
    for (const control of controls) await this.#obey(control)
    await this.#answerLeaving()
    return controls.length > 0
  }

  /**
   * Stores the final result of this supervisor for every terminal that waits for its stop, also for those whose request
   * came too late to be accepted. To another host, a missing row in the registry proves nothing.
   */
  async end(result: ControlResult): Promise<void> {
    const { store, supervisor_id } = this.#scope
    const id = lastWordOf(supervisor_id)
    await store.ask({ id, supervisor_id, kind: 'stop', args: {} })
    await Promise.all([store.answer({ id, result }), this.#answerLeaving()])
  }

  async #obey({ id, kind, args }: Control): Promise<void> {
    const { store, pool, shutdown, report } = this.#scope
    const { worker_id, count, force } = args
    const grace_ms = force ? 0 : this.#scope.grace_ms
    if (kind === 'stop' && worker_id === undefined) {
      shutdown.request(force ? STOP.terminate : STOP.graceful, 'worker stop')
      return
    }
    const from = pool.count
    if (worker_id !== undefined) {
      pool.remove(worker_id, grace_ms)
      this.#leaving.push({ id, worker_id })
    } else if (!shutdown.requested) pool.scale(count ?? from, grace_ms)
    const to = pool.count
    if (to !== from) report({ event: 'scaled', workers: to })
    // A supervisor that is stopping gets no new workers.
    const result = shutdown.requested ? null : { killed: 0, released: 0, count: { from, to } }
    if (kind === 'scale') await store.answer({ id, result })
  }

  async #answerLeaving(): Promise<void> {
    for (const leaving of [...this.#leaving]) {
      const result = this.#scope.end_of(leaving.worker_id)
      if (result === null) continue
      await this.#scope.store.answer({ id: leaving.id, result })
      this.#leaving.splice(this.#leaving.indexOf(leaving), 1)
    }
  }
}
