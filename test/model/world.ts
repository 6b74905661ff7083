import { expect } from 'chai'
import { admits, type ClaimFilter } from '../../src/domain/claim-filter.ts'
import type { Job } from '../../src/domain/job.ts'
import type { ClaimParams, JobStore, StoreRole } from '../../src/store/port.ts'
import type { Bench } from '../contract/kit.ts'
import { JobsModel, type ModelJob, type Traits } from './jobs-model.ts'
import type { Expected, Span } from './now.ts'
import { RegistryModel } from './registry-model.ts'
import { FAR_MS, SUPERVISORS } from './steps.ts'

/** The properties of a kind of store. */
export interface Nature extends Traits {
  /** How far a connection's estimate of its clock may be off. */
  slack_ms: number
}

type Call = () => Promise<void>

/** A store and its expected content, with several connections like those of its processes. */
export class World {
  readonly jobs: JobsModel
  readonly registry = new RegistryModel()
  /** Calls to repeat, as after a lost answer: they must answer as before and change nothing. */
  readonly again: Record<'insert' | 'settle' | 'fence', Call[]> = { insert: [], settle: [], fence: [] }
  /** Tokens that were used, the newest last. */
  readonly tokens: string[] = ['t-none']
  readonly #bench: Bench
  readonly nature: Nature
  readonly #stores = new Map<StoreRole, JobStore>()
  #names = 0

  constructor(bench: Bench, nature: Nature) {
    this.#bench = bench
    this.nature = nature
    this.jobs = new JobsModel(nature)
  }

  /** The connection of a command, a supervisor or a worker. */
  async store(role: StoreRole): Promise<JobStore> {
    const store = this.#stores.get(role) ?? (await this.#bench.open(role))
    this.#stores.set(role, store)
    return store
  }

  async reopen(role: StoreRole): Promise<void> {
    await this.#stores.get(role)?.close()
    this.#stores.delete(role)
  }

  /** A word that was not used before, the same in each run of the same steps. */
  name(letter: string): string {
    return `${letter}${++this.#names}`
  }

  token(): string {
    this.tokens.push(this.name('t'))
    return this.tokens.at(-1) as string
  }

  /** The answer of `call`, and when it was made. */
  async call<T>(role: StoreRole, call: (store: JobStore) => Promise<T>): Promise<{ answer: T; span: Span }> {
    const store = await this.store(role)
    const from = store.now()
    const answer = await call(store)
    return { answer, span: { from, to: store.now(), slack_ms: this.nature.slack_ms } }
  }

  /** The job that number `pick` chooses among `jobs`; undefined: none exists. */
  pick(pick: number, jobs: readonly ModelJob[] = [...this.jobs.jobs.values()]): ModelJob | undefined {
    return jobs[pick % jobs.length]
  }

  /** The token by which a step writes. */
  tokenOf(job: ModelJob, by: string, pick: number): string {
    if (by === 'holder') return String(job.fields.lease_token)
    return by === 'old' ? (this.tokens[pick % this.tokens.length] as string) : 'stranger'
  }

  /** A job as it must be. */
  fields(id: string): Expected<Job> | undefined {
    return this.jobs.jobs.get(id)?.fields
  }

  /** The workers that hold jobs. */
  owners(): Set<unknown> {
    return new Set(this.jobs.processing().map(({ fields }) => fields.processing_by))
  }

  /** Reports a claim's answer to the model; it must be an allowed one. */
  claimed(params: ClaimParams, job: Job | null, now: number): void {
    const may = this.jobs.claimable(params, now)
    const found = may.find(({ fields }) => fields.id === job?.id) ?? null
    if (job !== null || may.length > 0) {
      expect(
        may.map(({ fields }) => fields.id),
        'the allowed answers to a claim',
      ).to.include(job?.id)
    }
    this.jobs.claimed(found, params, now)
  }

  /** When the next waiting job that the filter admits is due; null: none waits. */
  due(filter: ClaimFilter): number | null {
    const waiting = [...this.jobs.jobs.values()].filter(
      ({ fields }) => fields.state === 'pending' && admits(filter, fields.queue),
    )
    const times = waiting.map(({ fields }) => Number(fields.next_run_at)).filter((at) => at > Date.now() + FAR_MS / 2)
    return times.length === 0 ? null : Math.min(...times)
  }

  supervisorOf(worker: string): string {
    return SUPERVISORS[worker as keyof typeof SUPERVISORS]
  }

  /**
   * Waits for a job that is due in a moment, so that it is due before the next step: until then it is undefined whether
   * it is seen.
   */
  async outwait({ fields, noticed }: ModelJob): Promise<void> {
    const due_at = Number(fields.next_run_at)
    if (fields.state === 'pending' && !noticed && due_at < Date.now() + FAR_MS / 2) await this.untilPast(due_at)
  }

  /** Waits until that time is past on every connection. */
  async untilPast(time: number): Promise<void> {
    const store = await this.store('command')
    while (store.now() <= time + this.nature.slack_ms / 16) await new Promise((resolve) => setImmediate(resolve))
  }
}
