import { admits } from '../../src/domain/claim-filter.ts'
import { isFinal, type Job, type JobState, type NewJob, type Run } from '../../src/domain/job.ts'
import { honourCancel, type Settlement } from '../../src/domain/outcome.ts'
import type { Changed, ClaimParams, PurgeParams, Renewed, SettleParams } from '../../src/store/port.ts'
import { UNHELD } from '../contract/kit.ts'
import { type Expected, Now } from './now.ts'

/** A job as it must be. Times that the store chose are known once the job has been read. */
export interface ModelJob {
  fields: Expected<Job>
  /** Place among jobs of the same priority. */
  seq: number
  runs: ModelRun[]
  /** Its state at the last check. */
  seen: JobState
  /** A claim has noticed that it is due: an adapter that does not check at each claim may skip others. */
  noticed: boolean
}

/** A finished run, with the answer to a repeated settle. */
export interface ModelRun {
  run: Expected<Run>
  fence: string
  state: JobState
  requeues: number
}

export interface Traits {
  /** Due jobs may be noticed later than at the next claim while others are ready. */
  lazy: boolean
  /** Runs kept for each job. */
  history: number
}

type Insertion = 'stored' | 'existing' | 'left out'

/** What a store must hold after each call of the port, written as simply as possible. */
export class JobsModel {
  readonly jobs = new Map<string, ModelJob>()
  readonly traits: Traits
  #seq = 0

  constructor(traits: Traits) {
    this.traits = traits
  }

  /** R10. Null: refused as a whole. */
  insert(specs: readonly NewJob[], skipTaken: boolean): Insertion[] | null {
    const before = new Map(this.jobs)
    const answers: Insertion[] = []
    for (const spec of specs) {
      const taken = this.jobs.get(spec.id)?.fields
      const same = taken !== undefined && taken.content_hash === spec.content_hash
      if (taken === undefined) {
        this.jobs.set(spec.id, {
          fields: fresh(spec),
          seq: this.#seq++,
          runs: [],
          seen: 'pending',
          noticed: spec.delay_ms === 0,
        })
        answers.push('stored')
      } else if (same && taken.insert_token === spec.insert_token) answers.push('stored')
      else if (same && spec.content_hash !== null) answers.push('existing')
      else if (skipTaken) answers.push('left out')
      else {
        this.jobs.clear()
        for (const [id, job] of before) this.jobs.set(id, job)
        return null
      }
    }
    return answers
  }

  /** Jobs that a claim may return; the first one is required of an adapter that notices due jobs at once. */
  claimable({ filter, token }: ClaimParams, now: number): ModelJob[] {
    const held = this.held(token)
    if (held) return [held]
    const ready = this.ready(now)
      .filter(({ fields }) => admits(filter, fields.queue))
      .sort((a, b) => b.fields.priority - a.fields.priority || a.seq - b.seq)
    const first = ready.findIndex(({ noticed }) => noticed || !this.traits.lazy)
    return first < 0 ? ready : ready.slice(0, first + 1)
  }

  /** A claim has returned `job`, one of the allowed ones, or nothing. */
  claimed(job: ModelJob | null, { worker_id, token, lease_ms }: ClaimParams, now: number): void {
    if (job?.fields.lease_token === token) return
    // The due job was found, or nothing was: in both cases the store has checked for due jobs.
    if (job === null || !job.noticed) for (const due of this.ready(now)) due.noticed = true
    if (job === null) return
    Object.assign(job.fields, {
      state: 'processing',
      runs: job.fields.runs + 1,
      processing_by: worker_id,
      lease_token: token,
      run_token: token,
      locked_at: new Now(),
      started_at: new Now(),
      updated_at: new Now(),
      lease_expires_at: new Now(lease_ms),
      ...NO_END,
    })
  }

  /** The state that is written now or was written by the same token; null: the token holds no job. */
  settle({ id, token, settlement, run }: SettleParams): JobState | null {
    const job = this.jobs.get(id)
    if (job === undefined) return null
    if (job.fields.lease_token !== token) return job.runs.find(({ fence }) => fence === token)?.state ?? null
    const { fields } = job
    const end = fields.cancel_requested_at === null ? settlement : honourCancel(settlement)
    this.#book(job, token, run, end)
    Object.assign(fields, {
      state: end.state,
      attempts: end.attempts,
      interruptions: end.interruptions,
      worker_deaths: end.worker_deaths,
      exit_code: end.exit_code,
      signal: end.signal,
      reason: end.reason,
      updated_at: new Now(),
      ...UNHELD,
    })
    if (end.state === 'pending') fields.next_run_at = new Now(end.delay_ms)
    else fields.finished_at = new Now()
    job.noticed = end.state === 'pending' && end.delay_ms === 0
    return end.state
  }

  renew(tokens: readonly string[], lease_ms: number): Renewed {
    const held = new Map(tokens.map((token) => [token, this.held(token)?.fields]))
    for (const fields of held.values()) if (fields) fields.lease_expires_at = new Now(lease_ms)
    return {
      lost: tokens.filter((token) => !held.get(token)),
      cancelled: tokens.filter((token) => held.get(token)?.cancel_requested_at),
    }
  }

  fence({ id, token, new_token, by, lease_ms }: Fence): boolean {
    const fields = this.jobs.get(id)?.fields
    if (fields?.state !== 'processing') return false
    // The call itself, repeated after a lost answer.
    if (fields.lease_token === new_token) return true
    if (fields.lease_token !== token) return false
    const taken = { lease_token: new_token, processing_by: by, lease_expires_at: new Now(lease_ms) }
    Object.assign(fields, taken, { updated_at: new Now() })
    return true
  }

  change(kind: 'cancel' | 'requeue' | 'promote', id: string, now: number): Changed['result'] {
    const job = this.jobs.get(id)
    if (job === undefined) return 'not_found'
    const { fields } = job
    const pending = fields.state === 'pending'
    if (kind === 'cancel') {
      if (isFinal(fields.state)) return 'wrong_state'
      fields.updated_at = new Now()
      if (pending) Object.assign(fields, { state: 'cancelled', finished_at: new Now(), reason: 'cancelled' })
      else fields.cancel_requested_at ??= new Now()
      return pending ? 'done' : 'requested'
    }
    if (kind === 'requeue') {
      if (!isFinal(fields.state)) return 'wrong_state'
      const counters = { attempts: 0, interruptions: 0, worker_deaths: 0, requeues: fields.requeues + 1 }
      Object.assign(fields, counters, { state: 'pending', started_at: null, finished_at: null, ...NO_END })
    } else if (!(pending && waits(fields, now))) return 'wrong_state'
    Object.assign(fields, { next_run_at: new Now(), updated_at: new Now() })
    job.noticed = true
    return 'done'
  }

  /** Jobs that a purge may remove, those that finished first come first. */
  purgeable({ states, queue, older_than_ms }: PurgeParams, now: number): ModelJob[] {
    const ended = (job: ModelJob) => Number(job.fields.finished_at)
    return [...this.jobs.values()]
      .filter(({ fields }) => isFinal(fields.state) && states.includes(fields.state))
      .filter(({ fields }) => queue === undefined || fields.queue === queue)
      .filter((job) => older_than_ms === 0 || ended(job) <= now - older_than_ms)
      .sort((a, b) => ended(a) - ended(b))
  }

  /** The job that `token` holds. */
  held(token: string): ModelJob | undefined {
    return this.processing().find(({ fields }) => fields.lease_token === token)
  }

  processing(): ModelJob[] {
    return [...this.jobs.values()].filter(({ fields }) => fields.state === 'processing')
  }

  ready(now: number): ModelJob[] {
    return [...this.jobs.values()].filter(({ fields }) => fields.state === 'pending' && !waits(fields, now))
  }

  #book(job: ModelJob, fence: string, { worker, host, run_ms }: SettleParams['run'], end: Settlement): void {
    const { runs: number, run_token, started_at } = job.fields
    const { run_outcome: outcome, exit_code, signal, cause, state } = end
    const finished_at = run_ms === null ? new Now() : Number(started_at) + Math.round(run_ms)
    const times = { started_at: Number(started_at), finished_at }
    const run = { number, token: String(run_token), worker, host, ...times, outcome, exit_code, signal, cause }
    job.runs = [...job.runs, { run, fence, state, requeues: job.fields.requeues }].slice(-this.traits.history)
  }
}

/** The parameters of the port's fence. */
export interface Fence {
  id: string
  token: string
  new_token: string
  by: string
  lease_ms: number
}

const NO_END = { exit_code: null, signal: null, reason: null }

/** Due times are in the past, or so far in the future that no test reaches them. */
function waits({ next_run_at }: Expected<Job>, now: number): boolean {
  return next_run_at instanceof Now ? next_run_at.plus_ms > 0 : next_run_at > now
}

function fresh({ run_at, delay_ms, ...spec }: NewJob): Expected<Job> {
  const counters = { attempts: 0, runs: 0, interruptions: 0, worker_deaths: 0, requeues: 0 }
  const times = { created_at: new Now(), updated_at: new Now(), started_at: null, finished_at: null }
  const next_run_at = run_at === null ? new Now(delay_ms) : run_at < FAR_PAST ? new Now() : run_at
  return { ...spec, ...counters, ...times, ...UNHELD, ...NO_END, state: 'pending', next_run_at }
}

const FAR_PAST = 1e12
