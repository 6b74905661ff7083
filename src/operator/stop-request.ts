import { randomWord } from '../domain/ids.ts'
import type { AnyProcess, ControlResult } from '../domain/processes.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { lastWordOf } from '../supervisor/control-handler.ts'

/** A process that was asked to stop, and what is known of its end. */
export class StopRequest {
  readonly row: AnyProcess
  /** It lives where nobody here can look: its supervisor's word is the proof. */
  readonly elsewhere: boolean
  readonly #store: JobStore
  readonly #control: string
  phase: 'requested' | 'stopping' | 'stopped' = 'requested'
  /** What its end came to, by its supervisor's word; null as long as there is none. */
  result: ControlResult | null = null

  private constructor(store: JobStore, row: AnyProcess, control: string) {
    this.#store = store
    this.#control = control
    this.row = row
    this.elsewhere = platform.liveness(row.identity) === 'elsewhere'
  }

  /**
   * Stores the request and, on this host, signals the supervisor. A store that is locked must not keep the signal from it; with
   * neither of the two the call throws as the store does.
   */
  static async to(store: JobStore, row: AnyProcess, force: boolean): Promise<StopRequest> {
    const request = new StopRequest(store, row, `c-${randomWord(12)}`)
    const args = row.kind === 'worker' ? { force, worker_id: row.id } : { force }
    let trouble: unknown = null
    try {
      await store.ask({ id: request.#control, supervisor_id: request.#supervisor_id, kind: 'stop', args })
    } catch (error) {
      trouble = error
    }
    const signaled = row.kind === 'supervisor' && platform.signal(row.identity, 'SIGTERM')
    if (trouble !== null && !signaled) throw trouble
    return request
  }

  /** Looks how far it has come. `before` is the registry as it was when it was asked, `now` as it is. */
  async look(before: readonly AnyProcess[], now: readonly AnyProcess[]): Promise<void> {
    if (this.phase === 'stopped') return
    const control = await this.#store.control({ id: this.#control })
    if (control !== null && control.state !== 'asked') this.phase = 'stopping'
    const gone = this.elsewhere ? this.#isOff(now) : this.#isGone(before, now)
    if (control?.state === 'done') this.result = control.result
    else if (gone) this.result = (await this.#lastWord())?.result ?? null
    // A row may vanish, or be written by anybody, while the process lives on.
    if (this.elsewhere ? this.result !== null : gone) this.phase = 'stopped'
  }

  get #supervisor_id(): string {
    return this.row.kind === 'worker' ? this.row.supervisor_id : this.row.id
  }

  #isOff(now: readonly AnyProcess[]): boolean {
    return !now.some(({ id }) => id === this.#supervisor_id)
  }

  /** Proof of the end: off the registry or dead there, and no process of it or its workers alive. */
  #isGone(before: readonly AnyProcess[], now: readonly AnyProcess[]): boolean {
    const { id } = this.row
    if (now.some((row) => row.id === id && platform.liveness(row.identity) !== 'gone')) return false
    const its = before.filter((row) => row.id === id || (row.kind === 'worker' && row.supervisor_id === id))
    return its.every((row) => platform.liveness(row.identity) !== 'alive')
  }

  async #lastWord() {
    const word = await this.#store.control({ id: lastWordOf(this.#supervisor_id) })
    return word?.state === 'done' ? word : null
  }
}
