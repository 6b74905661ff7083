import { newToken } from '../domain/ids.ts'
import { decide } from '../domain/outcome.ts'
import { sleep } from '../lib/clock.ts'
import type { SpaceWatch } from '../platform/space.ts'
import type { Claimed, ClaimParams, JobStore } from '../store/port.ts'
import type { WorkerSetup } from './messages.ts'
import type { ShutdownDeadline } from './shutdown-deadline.ts'

const TROUBLE_WAIT_MS = 1_000

/** The state when a claim was sent to the store. */
export interface ClaimStart {
  /** Milliseconds of `uptime`: the lease begins no earlier. */
  asked_at: number
  /** How many wake-ups had come: a later one may be about a job that the claim did not find. */
  wake_ups: number
}

/** What was claimed. */
export type Claim = Claimed & ClaimStart

/** Claims jobs from the store. */
export class Claims {
  readonly #store: JobStore
  readonly #setup: WorkerSetup
  readonly #host: string
  readonly #deadline: ShutdownDeadline
  readonly #ask: () => ClaimStart
  /** Claims in flight, abandoned ones included. */
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
   * Tries once. An error of the store goes to `on_trouble` and counts as no job found. Returns null when a stop could
   * not wait for the answer; an answer that comes later goes to `on_late`.
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
      on_trouble(`cannot claim a job: ${(error as Error).message}`)
      await sleep(TROUBLE_WAIT_MS)
      return { job: null, next_due_ms: null, ...asked }
    }
  }

  /** The parameters of a claim, with a new token. */
  params(): ClaimParams {
    const { id, filter, lease_ms } = this.#setup
    return { worker_id: id, host: this.#host, token: newToken(), filter, lease_ms }
  }

  /**
   * Releases jobs that the store records for this worker although it runs nothing: claims whose answer never came.
   * Nobody else would recover them before their leases expire.
   */
  async releaseUnheard(): Promise<void> {
    // A claim that is still being retried could claim the same job again.
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

/** `store`, but without claims while disk space is short: running jobs keep the space for their logs and results. */
export function withSpaceGuard(store: JobStore, space: Pick<SpaceWatch, 'low'>): JobStore {
  return {
    ...store,
    claim: async (params) => (space.low === null ? store.claim(params) : { job: null, next_due_ms: null }),
    settle({ next, ...params }) {
      return store.settle(next !== undefined && space.low === null ? { ...params, next } : params)
    },
  }
}
