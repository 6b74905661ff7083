import { newToken } from '../domain/ids.ts'
import { decide } from '../domain/outcome.ts'
import { sleep } from '../lib/clock.ts'
import type { SpaceWatch } from '../platform/space.ts'
import type { Claimed, ClaimParams, JobStore } from '../store/port.ts'
import type { WorkerSetup } from './messages.ts'
import type { ShutdownDeadline } from './shutdown-deadline.ts'

const TROUBLE_WAIT_MS = 1_000

/** How things stood when the store was asked for a job. */
export interface ClaimStart {
  /** Milliseconds of `uptime`: a lease holds at least from then. */
  asked_at: number
  /** How many wake-ups there had been: one that came since may be about a job that was not found. */
  wake_ups: number
}

/** What was claimed. */
export type Claim = Claimed & ClaimStart

/** Asks the store for jobs. */
export class Claims {
  readonly #store: JobStore
  readonly #setup: WorkerSetup
  readonly #host: string
  readonly #deadline: ShutdownDeadline
  readonly #ask: () => ClaimStart
  /** Those that are on their way, given up or not. */
  readonly #calls = new Set<Promise<unknown>>()

  constructor(params: {
    store: JobStore
    setup: WorkerSetup
    host: string
    deadline: ShutdownDeadline
    ask: () => ClaimStart
  }) {
    const { store, setup, host, deadline, ask } = params
    this.#store = store
    this.#setup = setup
    this.#host = host
    this.#deadline = deadline
    this.#ask = ask
  }

  /**
   * One try, which finds nothing when the store is in trouble, which is told; null when a stop could not wait for the answer: one that
   * comes after all goes to `on_late`.
   */
  async claim(on_late: (claim: Claim) => void, on_trouble: (message: string) => void): Promise<Claim | null> {
    const asked = this.#ask()
    try {
      const call = this.#store.claim(this.params())
      this.#calls.add(call)
      call.catch(() => {}).finally(() => this.#calls.delete(call))
      const claimed = await this.#deadline.wait(call, (late) => on_late({ ...late, ...asked }))
      return claimed && { ...claimed, ...asked }
    } catch (error) {
      on_trouble(`cannot claim: ${(error as Error).message}`)
      await sleep(TROUBLE_WAIT_MS)
      return { job: null, next_due_ms: null, ...asked }
    }
  }

  /** What a claim asks for, with a new token. */
  params(): ClaimParams {
    const { id, filter, lease_ms } = this.#setup
    return { worker_id: id, host: this.#host, token: newToken(), filter, lease_ms }
  }

  /**
   * Releases what the store holds for this worker, which has nothing any more: claims whose answer never came. Nobody else would
   * take them up before their leases end.
   */
  async releaseUnheard(): Promise<void> {
    // One that is still tried again could take the same job twice.
    await Promise.allSettled(this.#calls)
    const { id } = this.#setup
    for (const job of await this.#store.processing()) {
      if (job.processing_by !== id) continue
      const settlement = decide(job, { kind: 'released', cause: 'not started' })
      const run = { worker: id, host: this.#host, run_ms: null }
      await this.#store.settle({ id: job.id, token: job.lease_token ?? '', settlement, run })
    }
  }
}

/** `store`, which hands out no job while there is too little space: what runs may still write its log and its result. */
export function withSpaceGuard(store: JobStore, space: Pick<SpaceWatch, 'low'>): JobStore {
  return {
    ...store,
    claim: async (params) => (space.low === null ? store.claim(params) : { job: null, next_due_ms: null }),
    settle({ next, ...params }) {
      return store.settle(next !== undefined && space.low === null ? { ...params, next } : params)
    },
  }
}
