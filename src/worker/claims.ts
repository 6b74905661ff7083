import { newToken } from '../domain/token.ts'
import { sleep, uptime } from '../platform/clock.ts'
import type { Claimed, ClaimParams, JobStore } from '../store/port.ts'
import type { WorkerSetup } from './messages.ts'
import type { StopBound } from './stop-bound.ts'

const TROUBLE_WAIT_MS = 1_000

/** What was claimed, and when it was asked for, in milliseconds of `uptime`: the lease holds at least from then. */
export type Taken = Claimed & { asked_at: number }

/** Asks the store for jobs. */
export class Claims {
  readonly #store: JobStore
  readonly #setup: WorkerSetup
  readonly #host: string
  readonly #bound: StopBound

  constructor(params: { store: JobStore; setup: WorkerSetup; host: string; bound: StopBound }) {
    const { store, setup, host, bound } = params
    this.#store = store
    this.#setup = setup
    this.#host = host
    this.#bound = bound
  }

  /**
   * One try; null when the store is in trouble, which is told, or when a stop could not wait for the answer: one that comes after all
   * goes to `on_late`.
   */
  async claim(on_late: (taken: Taken) => void, on_trouble: (message: string) => void): Promise<Taken | null> {
    const asked_at = uptime()
    try {
      const call = this.#store.claim(this.params())
      const claimed = await this.#bound.wait(call, (late) => on_late({ ...late, asked_at }))
      return claimed && { ...claimed, asked_at }
    } catch (error) {
      on_trouble(`cannot claim: ${(error as Error).message}`)
      await sleep(TROUBLE_WAIT_MS)
      return null
    }
  }

  /** What a claim asks for, with a new token. */
  params(): ClaimParams {
    const { id, queues, lease_ms } = this.#setup
    return { worker_id: id, host: this.#host, token: newToken(), queues, lease_ms }
  }
}
