import { JOB_VIEWS, type Run, VIEWS } from '../../domain/job.ts'
import type { Counts, JobStore, Overview } from '../port.ts'
import type { Connection } from './connection.ts'
import { JOB_PROJECTION, runsIn, timeOf, toJob } from './documents.ts'
import { WAITING } from './due.ts'
import { indexMissing, isHintMissing } from './errors.ts'

interface Count {
  _id: { queue: string; view: keyof Counts }
  n: number
}

const NO_JOBS = Object.fromEntries(VIEWS.map((view) => [view, 0])) as Readonly<Counts>

const COUNTED_BY = 'queue_age'
const BY_VIEW = { $group: { _id: { queue: '$queue', view: '$view' }, n: { $sum: 1 } } }

/** Reads of single jobs, and the counts of all. Pages are in list.ts. */
export function reading(db: Connection): Pick<JobStore, 'get' | 'findIds' | 'runs' | 'recorded' | 'overview'> {
  const { jobs } = db.models
  return {
    async get({ id }) {
      const row = await db.call(() => jobs.findOne({ _id: id }, JOB_PROJECTION).lean())
      return row && toJob(row)
    },
    async findIds({ prefix, limit }) {
      // "~" sorts after every character that an id may have.
      const range = { _id: { $gte: prefix, $lt: `${prefix}~` } }
      const found = await db.call(() => jobs.find(range, { _id: 1 }).sort({ _id: 1 }).limit(limit).lean())
      return found.map(({ _id }) => _id)
    },
    async runs({ id }) {
      const job = await db.call(() => jobs.findOne({ _id: id }, { history: 1 }).lean())
      return runsIn(job).map(({ fence: _fence, state: _state, requeues: _requeues, ...run }): Run => run)
    },
    async recorded({ tokens }) {
      const wanted = { 'history.token': { $in: [...tokens] } }
      const found = await db.call(() => jobs.find(wanted, { 'history.token': 1 }).lean<{ history: unknown }[]>())
      const known = new Set(found.flatMap((job) => runsIn(job).map(({ token }) => token)))
      return tokens.filter((token) => known.has(token))
    },
    overview: () => overview(db),
  }
}

/** Counts read from one index, without reading documents. Jobs that are due but not promoted yet count as ready. */
async function overview(db: Connection): Promise<Overview> {
  const { jobs } = db.models
  const now = new Date(db.now())
  const overdue = { ...WAITING, next_run_at: { $lte: now } }
  const pending = { state: 'pending', view: { $in: JOB_VIEWS }, next_run_at: { $lte: now } } as const
  const [counted, late, oldest] = await Promise.all([
    countAll(db),
    db.call(() => jobs.aggregate<Count>([{ $match: overdue }, BY_VIEW])),
    db.call(() => jobs.findOne(pending, { next_run_at: 1 }).sort({ next_run_at: 1 }).lean()),
  ])
  // A Map, since a queue may be called __proto__.
  const queues = new Map<string, Counts>()
  const add = (queue: string, view: keyof Counts, n: number) => {
    const counts = queues.get(queue) ?? { ...NO_JOBS }
    queues.set(queue, counts)
    // The queries do not see the same moment: a job that moved in between must not make a count negative.
    if (view in counts) counts[view] = Math.max(0, counts[view] + n)
  }
  for (const { _id, n } of counted) add(_id.queue, _id.view, n)
  for (const { _id, n } of late) {
    add(_id.queue, _id.view, -n)
    add(_id.queue, 'ready', n)
  }
  const since = timeOf(oldest?.next_run_at)
  const oldest_ready_at = typeof since === 'number' ? since : null
  return { total: sum([...queues.values()]), queues: Object.fromEntries(queues), oldest_ready_at }
}

/** Counts of all jobs. Throws `configuration` if the index for it is missing. */
function countAll(db: Connection): Promise<Count[]> {
  // Matches any string: the query must name the first field of the index to use it.
  const any = { $match: { queue: { $gte: '' } } }
  return db.call(async () => {
    try {
      return await db.models.jobs.aggregate<Count>([any, BY_VIEW]).hint(COUNTED_BY)
    } catch (error) {
      throw isHintMissing(error) ? indexMissing(db.address, `jobs.${COUNTED_BY}`) : error
    }
  })
}

function sum(all: readonly Counts[]): Counts {
  const total = { ...NO_JOBS }
  for (const counts of all) for (const view of Object.keys(total) as (keyof Counts)[]) total[view] += counts[view]
  return total
}
