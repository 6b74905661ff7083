import { notFound } from '../../domain/errors.ts'
import { FINAL_STATES, JOB_VIEWS, VIEWS } from '../../domain/job.ts'
import type { JobStore, ListParams } from '../port.ts'
import { comparator, SORTS, type Sort, type Stretch, stretchesOf } from '../sorting.ts'
import type { Connection } from './connection.ts'
import { JOB_PROJECTION, type JobRow, toJob } from './documents.ts'
import { WAITING } from './due.ts'
import { EPOCH } from './schema.ts'

type Filter = Record<string, unknown>

const OPERATORS = { '=': '$eq', '<': '$lt', '>': '$gt' } as const

/** Excludes jobs whose sort field is damaged: they have no position in the list. */
const HAS_PLACE: Readonly<Partial<Record<Sort['key'], Filter>>> = {
  next_run_at: { next_run_at: { $gt: EPOCH } },
  priority: { priority: { $gte: Number.NEGATIVE_INFINITY } },
  finished_at: { finished_at: { $gt: EPOCH } },
}

/**
 * Pages of jobs. A filter names the views to include, several by `$in`: the server then merges the index scans of the
 * views in order, and reads no more than a page.
 */
export function listing(db: Connection): Pick<JobStore, 'list'> {
  return {
    async list(params) {
      const sort = SORTS[params.sort]
      const filters = filtersOf(params)
      const stretches = stretchesOf(sort, await placeOf(db, sort, params.after))
      const rows = new Map<string, JobRow>()
      for (const part of partsOf(params, new Date(db.now()))) {
        const pages = stretches.map((stretch) => page(db, [part, ...filters], stretch, params.limit))
        for (const row of (await Promise.all(pages)).flat()) rows.set(row._id, row)
      }
      return [...rows.values()].sort(comparator(sort)).slice(0, params.limit).map(toJob)
    },
  }
}

/**
 * The queries for a state. Without a state the sort decides: `due` and `order` list pending jobs, `finished` lists
 * final ones.
 */
function partsOf({ state, sort }: ListParams, now: Date): Filter[] {
  switch (state ?? { due: 'pending', order: 'pending', finished: 'final', newest: 'all', oldest: 'all' }[sort]) {
    case 'all':
      return [{ view: { $in: VIEWS } }]
    case 'pending':
      return [{ state: 'pending', view: { $in: JOB_VIEWS } }]
    case 'ready':
      // Jobs that are due but not promoted yet need a separate query with another range. It runs first: a job that is
      // promoted in between is found twice instead of never.
      return [
        { ...WAITING, next_run_at: { $lte: now } },
        { state: 'pending', view: 'ready' },
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
  const place = HAS_PLACE[SORTS[sort].key]
  if (place) filters.push(place)
  if (search !== undefined) {
    const pattern = { $regex: search.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), $options: 'i' }
    filters.push({ $or: [{ _id: pattern }, { command: pattern }] })
  }
  return filters
}

/**
 * The position of the job with id `after`; null: no id is given. Throws `not_found` if the job is no longer in the
 * list.
 */
async function placeOf(
  db: Connection,
  { key }: Sort,
  after: string | undefined,
): Promise<Record<'key' | 'seq', Place> | null> {
  if (after === undefined) return null
  const last = await db.call(() => db.models.jobs.findOne({ _id: after }, { seq: 1, [key]: 1 }).lean<JobRow>())
  const place = { key: last?.[key], seq: last?.seq }
  if (isPlace(place.key) && isPlace(place.seq)) return { key: place.key, seq: place.seq }
  throw notFound(`the job "${after}" is no longer in this list`, 'start again without --after')
}

type Place = number | Date

function isPlace(value: unknown): value is Place {
  return typeof value === 'number' || value instanceof Date
}

function page(
  db: Connection,
  filters: readonly Filter[],
  { conditions, order }: Stretch<Place>,
  limit: number,
): Promise<JobRow[]> {
  const stretch = conditions.map(({ field, is, value }) => ({ [field]: { [OPERATORS[is]]: value } }))
  // Never sort by a field that is equal for all jobs of the stretch: the server could not merge several views in the
  // order of the index.
  const by = Object.fromEntries(order.map(({ field, down }) => [field, down ? -1 : 1] as const))
  return db.call(() =>
    db.models.jobs
      .find({ $and: [...filters, ...stretch] }, JOB_PROJECTION)
      .sort(by)
      .limit(limit)
      .lean(),
  )
}
