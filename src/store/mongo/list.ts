import { notFound } from '../../domain/errors.ts'
import { FINAL_STATES } from '../../domain/job.ts'
import type { JobStore, ListParams } from '../port.ts'
import { comparator, SORTS, type Sort } from '../sorting.ts'
import type { Connection } from './connection.ts'
import { JOB_PROJECTION, type JobRow, type StoredView, toJob } from './documents.ts'
import { EPOCH } from './schema.ts'

type Filter = Record<string, unknown>

const PENDING_VIEWS: StoredView[] = ['ready', 'scheduled', 'retrying']
const EVERY_VIEW: StoredView[] = [...PENDING_VIEWS, 'processing', ...FINAL_STATES]

/**
 * Pages of jobs. A filter names the views that it wants, several by `$in`: the server then merges them, each in the order of the
 * index, and reads no more than a page.
 */
export function listing(db: Connection): Pick<JobStore, 'list'> {
  return {
    async list(params) {
      const sort = SORTS[params.sort]
      const filters = [...filtersOf(params), ...(await behind(db, sort, params.after))]
      const parts = partsOf(params, new Date(db.now()))
      const pages = await Promise.all(parts.map((part) => page(db, [part, ...filters], sort, params.limit)))
      const rows = pages.flat()
      // One part is in order already.
      if (parts.length > 1) rows.sort(comparator(sort))
      return rows.slice(0, params.limit).map(toJob)
    },
  }
}

/** Without a state, a sort looks at the jobs that it is about: `due` and `order` at pending ones, `finished` at final ones. */
function partsOf({ state, sort }: ListParams, now: Date): Filter[] {
  switch (state ?? { due: 'pending', order: 'pending', finished: 'final', newest: 'all', oldest: 'all' }[sort]) {
    case 'all':
      return [{ view: { $in: EVERY_VIEW } }]
    case 'pending':
      return [{ state: 'pending', view: { $in: PENDING_VIEWS } }]
    case 'ready':
      // Due, but not promoted by a claim yet: a part of its own, with another range.
      return [
        { state: 'pending', view: 'ready' },
        { state: 'pending', view: { $in: ['scheduled', 'retrying'] }, next_run_at: { $lte: now } },
      ]
    case 'scheduled':
    case 'retrying':
      return [{ state: 'pending', view: state, next_run_at: { $gt: now } }]
    case 'final':
      return [{ state: { $in: [...FINAL_STATES] }, view: { $in: [...FINAL_STATES] } }]
    default:
      return [{ state, view: state }]
  }
}

function filtersOf({ queue, search, finished_since, sort }: ListParams): Filter[] {
  const filters: Filter[] = []
  if (queue !== undefined) filters.push({ queue })
  if (finished_since !== undefined) filters.push({ finished_at: { $gte: new Date(finished_since) } })
  if (sort === 'finished') filters.push({ finished_at: { $gt: EPOCH } })
  if (search !== undefined) {
    const pattern = { $regex: search.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), $options: 'i' }
    filters.push({ $or: [{ _id: pattern }, { command: pattern }] })
  }
  return filters
}

/** Behind the job with id `after`. Throws `not_found` when it is not in the list any more. */
async function behind(db: Connection, { key, key_down, seq_down }: Sort, after: string | undefined): Promise<Filter[]> {
  if (after === undefined) return []
  const last = await db.call(() => db.models.jobs.findOne({ _id: after }, { seq: 1, [key]: 1 }).lean<JobRow>())
  const value = last?.[key] ?? null
  if (!last || value === null) {
    throw notFound(`the job "${after}" is not in this list any more`, 'start again without --after')
  }
  const beyond = key_down ? '$lt' : '$gt'
  if (key === 'seq') return [{ seq: { [beyond]: value } }]
  const tie = { seq: { [seq_down ? '$lt' : '$gt']: last.seq } }
  return [{ [key]: { [`${beyond}e`]: value } }, { $or: [{ [key]: { [beyond]: value } }, tie] }]
}

function page(db: Connection, filters: readonly Filter[], sort: Sort, limit: number): Promise<JobRow[]> {
  const order = { [sort.key]: sort.key_down ? -1 : 1, seq: sort.seq_down ? -1 : 1 } as const
  return db.call(() =>
    db.models.jobs
      .find({ $and: [...filters] }, JOB_PROJECTION)
      .sort(order)
      .limit(limit)
      .lean(),
  )
}
