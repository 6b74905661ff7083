import { FINAL_STATES, type Job, viewOf } from '../../src/domain/job.ts'
import type { Counts, ListParams, Overview } from '../../src/store/port.ts'
import type { JobsModel, ModelJob } from './jobs-model.ts'

const KEYS = {
  newest: ({ seq }) => -seq,
  oldest: ({ seq }) => seq,
  due: ({ fields }) => Number(fields.next_run_at),
  order: ({ fields }) => -fields.priority,
  finished: ({ fields }) => (fields.finished_at === null ? Number.NaN : -Number(fields.finished_at)),
} satisfies Record<ListParams['sort'], (job: ModelJob) => number>

/** Without a state, some sorts list only certain jobs. */
const ABOUT = { newest: null, oldest: null, due: ['pending'], order: ['pending'], finished: FINAL_STATES } as const

/** The ids of a page; null: the job to continue after is not in the list. */
export function listed(model: JobsModel, params: ListParams, now: number): string[] | null {
  const { after, limit, sort } = params
  const all = [...model.jobs.values()]
  const key = KEYS[sort]
  const tie = sort === 'newest' || sort === 'finished' ? -1 : 1
  const compare = (a: ModelJob, b: ModelJob) => key(a) - key(b) || tie * (a.seq - b.seq)
  const last = after === undefined ? null : model.jobs.get(after)
  if (last === undefined || (last !== null && Number.isNaN(key(last)))) return null
  return all
    .filter((job) => matches(job.fields as Job, params, now))
    .filter((job) => last === null || compare(job, last) > 0)
    .sort(compare)
    .slice(0, limit)
    .map(({ fields }) => fields.id)
}

function matches(job: Job, { state, queue, search, finished_since, sort }: ListParams, now: number): boolean {
  const states: readonly string[] | null = state === undefined ? ABOUT[sort] : [state]
  if (states !== null && !states.includes(job.state) && !states.includes(viewOf(job, now))) return false
  if (queue !== undefined && job.queue !== queue) return false
  if (sort === 'finished' && job.finished_at === null) return false
  if (finished_since !== undefined && !(job.finished_at !== null && job.finished_at >= finished_since)) return false
  const text = `${job.id}\0${job.command}`.toLowerCase()
  return search === undefined || text.includes(search.toLowerCase())
}

/** The expected result of `overview`. */
export function counted(model: JobsModel, now: number): Overview {
  const none = (): Counts => ({
    ready: 0,
    scheduled: 0,
    retrying: 0,
    processing: 0,
    completed: 0,
    dead: 0,
    cancelled: 0,
  })
  const total = none()
  const queues = new Map<string, Counts>()
  for (const { fields } of model.jobs.values()) {
    const view = viewOf(fields as Job, now) as keyof Counts
    const own = queues.get(fields.queue) ?? none()
    queues.set(fields.queue, own)
    for (const counts of [total, own]) counts[view]++
  }
  const since = model.ready(now).map(({ fields }) => Number(fields.next_run_at))
  return { total, queues: Object.fromEntries(queues), oldest_ready_at: since.length === 0 ? null : Math.min(...since) }
}
