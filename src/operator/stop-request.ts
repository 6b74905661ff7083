import { randomWord } from '../domain/ids.ts'
import type { AnyProcess, ControlResult } from '../domain/processes.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'
import { lastWordOf } from '../supervisor/control-handler.ts'

/** A stop request to one process, and what is known about the stop. */
export class StopRequest {
  readonly row: AnyProcess
  /** Whether its processes are not visible from here: then its supervisor's last report is the proof. */
  readonly elsewhere: boolean
  readonly #store: JobStore
  readonly #control: string
  phase: 'requested' | 'stopping' | 'stopped' = 'requested'
  /** The result that its supervisor reports; null until then. */
  result: ControlResult | null = null

  private constructor(store: JobStore, row: AnyProcess, control: string) {
    this.#store = store
    this.#control = control
    this.row = row
    this.elsewhere = platform.liveness(row.identity) === 'elsewhere'
  }

  /**
   * Stores the request and, on this host, signals the supervisor. The signal is sent even if the store is locked. If
   * both fail, throws the error of the store.
   */
  static async to(store: JobStore, row: AnyProcess, force: boolean): Promise<StopRequest> {
    const request = new StopRequest(store, row, `c-${randomWord(12)}`)
    const args = row.kind === 'worker' ? { force, worker_id: row.id } : { force }
    let failure: unknown = null
    try {
      await store.ask({ id: request.#control, supervisor_id: request.#supervisor_id, kind: 'stop', args })
    } catch (error) {
      failure = error
    }
    const signaled = row.kind === 'supervisor' && platform.signal(row.identity, 'SIGTERM')
    if (failure !== null && !signaled) throw failure
    return request
  }

  /** Updates the phase. `before` is the registry at the time of the request, `now` the current one. */
  async update(before: readonly AnyProcess[], now: readonly AnyProcess[]): Promise<void> {
    if (this.phase === 'stopped') return
    const control = await this.#store.control({ id: this.#control })
    if (control !== null && control.state !== 'asked') this.phase = 'stopping'
    const gone = this.elsewhere ? this.#isDeregistered(now) : this.#isGone(before, now)
    if (control?.state === 'done') this.result = control.result
    else if (gone) this.result = (await this.#lastWord())?.result ?? null
    // A row alone proves nothing: anyone can remove or write it while the process lives.
    if (this.elsewhere ? this.result !== null : gone) this.phase = 'stopped'
  }

  get #supervisor_id(): string {
    return this.row.kind === 'worker' ? this.row.supervisor_id : this.row.id
  }

  #isDeregistered(now: readonly AnyProcess[]): boolean {
    return !now.some(({ id }) => id === this.#supervisor_id)
  }

  /** Proof of the stop: deregistered or dead, and none of its own or its workers' processes alive. */
  #isGone(before: readonly AnyProcess[], now: readonly AnyProcess[]): boolean {
    const { id } = this.row
    if (now.some((row) => row.id === id && platform.liveness(row.identity) !== 'gone')) return false
    const processes = before.filter((row) => row.id === id || (row.kind === 'worker' && row.supervisor_id === id))
    return processes.every((row) => platform.liveness(row.identity) !== 'alive')
  }

  async #lastWord() {
    const word = await this.#store.control({ id: lastWordOf(this.#supervisor_id) })
    return word?.state === 'done' ? word : null
  }
}
