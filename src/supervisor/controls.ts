import type { Control } from '../domain/process.ts'
import type { JobStore } from '../store/port.ts'
import type { Ending } from './ending.ts'
import type { Tell } from './events.ts'
import type { Fleet } from './fleet.ts'
import { STOP } from './stop.ts'

/** What a control acts on. */
export interface ControlScope {
  store: JobStore
  supervisor_id: string
  fleet: Fleet
  ending: Ending
  /** Milliseconds. */
  grace_ms: number
  tell: Tell
}

/** Takes what other terminals ask for, and answers when it is done. */
export class Controls {
  readonly #scope: ControlScope
  /** Requests to stop, answered when everything has ended. */
  readonly #stops: Control[] = []

  constructor(scope: ControlScope) {
    this.#scope = scope
  }

  /** Takes what is there. Whether the fleet has changed. */
  async take(): Promise<boolean> {
    const { store, supervisor_id } = this.#scope
    const controls = await store.takeControls({ supervisor_id })
    for (const control of controls) await this.#obey(control)
    return controls.length > 0
  }

  /** Tells those who asked for the stop what it came to. */
  async answerStops(result: NonNullable<Control['result']>): Promise<void> {
    await Promise.all(this.#stops.map(({ id }) => this.#scope.store.answer({ id, result })))
  }

  async #obey(control: Control): Promise<void> {
    const { store, fleet, ending, tell } = this.#scope
    const { kind, args, id } = control
    const grace_ms = args.force ? 0 : this.#scope.grace_ms
    if (kind === 'stop' && args.worker_id === undefined) {
      this.#stops.push(control)
      ending.ask(args.force ? STOP.terminate : STOP.graceful, 'worker stop')
      return
    }
    if (kind === 'scale') fleet.scale(args.count ?? fleet.count, grace_ms)
    else fleet.remove(args.worker_id ?? '', grace_ms)
    tell({ event: 'scaled', workers: fleet.count })
    await store.answer({ id, result: { killed: 0, released: 0 } })
  }
}
