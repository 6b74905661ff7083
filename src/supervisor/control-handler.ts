import type { Control, ControlResult } from '../domain/processes.ts'
import type { JobStore } from '../store/port.ts'
import { STOP } from './escalation.ts'
import type { Tell } from './events.ts'
import type { Pool } from './pool.ts'
import type { Shutdown } from './shutdown.ts'

/** What a control acts on. */
export interface ControlScope {
  store: JobStore
  supervisor_id: string
  pool: Pool
  shutdown: Shutdown
  /** What the end of a worker came to; null as long as it has not ended. */
  end_of: (worker_id: string) => ControlResult | null
  /** Milliseconds. */
  grace_ms: number
  tell: Tell
}

/** The control under which a supervisor leaves its last word. */
export const lastWordOf = (supervisor_id: string) => `end-${supervisor_id}`

/** Takes what other terminals ask for, and answers when it is done. */
export class ControlHandler {
  readonly #scope: ControlScope
  /** Requests to stop one worker, answered when it has ended. */
  readonly #leaving: { id: string; worker_id: string }[] = []

  constructor(scope: ControlScope) {
    this.#scope = scope
  }

  /** Takes what is there. Whether the pool has changed. */
  async take(): Promise<boolean> {
    const { store, supervisor_id } = this.#scope
    const controls = await store.takeControls({ supervisor_id })
    for (const control of controls) await this.#obey(control)
    await this.#answerLeaving()
    return controls.length > 0
  }

  /**
   * The last word of this supervisor: what its end came to. It is left for everybody who waits for that, whether their request came
   * in time to be taken or not; that a row is gone from the registry proves nothing to another host.
   */
  async end(result: ControlResult): Promise<void> {
    const { store, supervisor_id } = this.#scope
    const id = lastWordOf(supervisor_id)
    await store.ask({ id, supervisor_id, kind: 'stop', args: {} })
    await Promise.all([store.answer({ id, result }), this.#answerLeaving()])
  }

  async #obey({ id, kind, args }: Control): Promise<void> {
    const { store, pool, shutdown, tell } = this.#scope
    const { worker_id, count, force } = args
    const grace_ms = force ? 0 : this.#scope.grace_ms
    if (kind === 'stop' && worker_id === undefined) {
      shutdown.ask(force ? STOP.terminate : STOP.graceful, 'worker stop')
      return
    }
    const from = pool.count
    if (worker_id !== undefined) {
      pool.remove(worker_id, grace_ms)
      this.#leaving.push({ id, worker_id })
    } else if (!shutdown.requested) pool.scale(count ?? from, grace_ms)
    const to = pool.count
    if (to !== from) tell({ event: 'scaled', workers: to })
    // Who stops gets no new workers.
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
