import { invalid } from '../../domain/errors.ts'
import { isJobId, NAME_RULE } from '../../domain/ids.ts'
import { type Job, viewOf } from '../../domain/job.ts'
import { relative } from '../../domain/units.ts'
import type { ListParams } from '../../store/port.ts'
import { jobToJson } from '../../views/job-view.ts'
import { queueName, sortName, stateOrView, wholeNumber } from '../arguments.ts'
import type { Context } from '../context.ts'
import { type Column, stateColour, table } from '../terminal/table.ts'

export interface ListOptions {
  state?: string
  queue?: string
  search?: string
  sort?: string
  limit?: string
  after?: string
  wide?: boolean
}

const LARGEST_PAGE = 10_000

/** `list`: prints one page of jobs. */
export async function list(context: Context, options: ListOptions): Promise<void> {
  const params = listParams(options)
  const store = await context.store()
  const jobs = await store.list(params)
  const now = store.now()
  if (context.json) context.outJson(jobs.map((job) => jobToJson(job, now)))
  else if (jobs.length === 0) context.note('no jobs')
  else context.out(table(columns(now), jobs, options.wide))
  if (!context.json && jobs.length === params.limit) context.note(`next page: --after ${jobs.at(-1)?.id}`)
}

function listParams({ state, queue, search, sort = 'newest', limit = '50', after }: ListOptions): ListParams {
  if (after !== undefined && !isJobId(after))
    throw invalid(`invalid job ID "${after}" for --after`, `an ID is ${NAME_RULE}`)
  queueName(queue)
  return {
    ...(state === undefined ? {} : { state: stateOrView(state) }),
    ...(queue === undefined ? {} : { queue }),
    ...(search === undefined ? {} : { search }),
    ...(after === undefined ? {} : { after }),
    sort: sortName(sort),
    limit: wholeNumber(limit, '--limit', 1, LARGEST_PAGE),
  }
}

function columns(now: number): Column<Job>[] {
  return [
    { title: 'ID', text: ({ id }) => id },
    { title: 'STATE', text: (job) => viewOf(job, now), colour: (job) => stateColour(viewOf(job, now)) },
    { title: 'QUEUE', text: ({ queue }) => queue },
    { title: 'PRIO', text: ({ priority }) => String(priority), align: 'right' },
    { title: 'TRIES', text: ({ attempts, max_retries }) => `${attempts}/${max_retries + 1}`, align: 'right' },
    { title: 'WHEN', text: (job) => when(job, now) },
    { title: 'COMMAND', text: ({ command }) => command, flexible: true },
  ]
}

/** The time that matters in the job's state: of its next run, since its start, or of its finish. */
function when(job: Job, now: number): string {
  if (job.state === 'pending' && job.next_run_at > now) return relative(job.next_run_at, now)
  if (job.state === 'processing') return `since ${relative(job.started_at ?? job.updated_at, now)}`.replace(/ ago$/, '')
  return relative(job.finished_at ?? job.created_at, now)
}
