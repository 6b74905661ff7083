import { duplicateId, EXIT, invalid, QueuectlError } from '../../domain/errors.ts'
import type { NewJob } from '../../domain/job.ts'
import type { JobRequest } from '../../domain/job-fields.ts'
import { isShared } from '../../domain/store-address.ts'
import { parseDuration } from '../../domain/units.ts'
import { killPoint } from '../../platform/kill-point.ts'
import type { Inserted, JobStore } from '../../store/port.ts'
import { jobToJson } from '../../views/job-view.ts'
import type { Context } from '../context.ts'
import { failureOf, failureText } from '../failure.ts'
import { safe } from '../terminal/text.ts'
import type { Line } from './bulk.ts'
import { readJob } from './job-input.ts'
import { combine, type JobOptions, jobFields } from './job-options.ts'
import { jobMaker } from './new-job.ts'
import { commandFromWords, parseJsonArgument } from './shell-input.ts'

export interface EnqueueOptions extends JobOptions {
  file?: string
  keepGoing?: boolean
  wait?: boolean
  follow?: boolean
  waitTimeout?: string
}

/** A request and its line in the input; null for a job given as an argument. */
interface LineRequest {
  line: number | null
  request: JobRequest
}

/** `enqueue`: reads, stores and prints the jobs; with --wait or --follow also waits until they finish. */
export async function enqueue(context: Context, args: readonly string[], options: EnqueueOptions): Promise<void> {
  if (!options.wait && !options.follow) {
    if (options.waitTimeout !== undefined) throw invalid('--wait-timeout requires --wait or --follow')
    return put(context, args, options)
  }
  const { asWaiter } = await import('../jobs/wait.ts')
  await asWaiter(() => put(context, args, options))
}

async function put(context: Context, args: readonly string[], options: EnqueueOptions): Promise<void> {
  context.create = true
  const source = await sourceOf(context, args, options)
  const fields = jobFields(options)
  // Checked before anything is stored: a bad time must not leave a job behind.
  const timeout_ms =
    options.waitTimeout === undefined ? null : parseDuration(options.waitTimeout, '--wait-timeout') * 1000
  const bad_lines = new BadLines(context, options.keepGoing === true)
  const requests = source.file === null ? [single(source.fields, fields)] : await bulk(source.file, fields, bad_lines)
  if (options.follow && requests.length !== 1) throw invalid('--follow accepts only one job', 'use --wait for several')
  const store = await context.store()
  const jobs = await build(context, requests, bad_lines)
  const inserted = await insert(context, store, jobs, bad_lines)
  const is_bulk = source.file !== null
  if (options.wait || options.follow) {
    const { waitAndReport } = await import('./wait-and-report.ts')
    await waitAndReport(context, store, inserted, { is_bulk, follow: options.follow === true, timeout_ms })
  } else print(context, store, inserted, is_bulk)
  if (bad_lines.count > 0) context.exit(EXIT.usage)
}

type Source = { file: string } | { file: null; fields: Record<string, unknown> }

async function sourceOf(context: Context, args: readonly string[], options: EnqueueOptions): Promise<Source> {
  const { words } = context
  const { file, id, shell } = options
  const [argument] = args
  const given = [argument, file, words].filter((one) => one != null).length
  if (given !== 1) {
    const problem = given === 0 ? 'nothing to enqueue' : 'jobs are given in more than one way'
    throw invalid(problem, 'use one of: JSON, -- and a command, --file PATH, - for stdin')
  }
  if (words !== null) return { file: null, fields: { command: await commandFromWords(context, words, shell) } }
  if (argument !== undefined && (argument !== '-' || args.length > 1))
    return { file: null, fields: await parseJsonArgument(args) }
  if (id !== undefined) throw invalid('--id requires a single job, not a file or stdin', 'set the id in each line')
  return { file: file ?? '-' }
}

function single(job: Record<string, unknown>, fields: Record<string, unknown>): LineRequest {
  return { line: null, request: readJob(combine(job, fields)) }
}

async function bulk(file: string, fields: Record<string, unknown>, bad_lines: BadLines): Promise<LineRequest[]> {
  const { readLines, parseLine } = await import('./bulk.ts')
  const lines = await readLines(file)
  const read = (line: Line) => ({ line: line.number, request: readJob(combine(parseLine(line), fields)) })
  const requests = lines.flatMap((line) => bad_lines.guard(line.number, () => read(line)))
  if (requests.length === 0 && bad_lines.count === 0)
    throw invalid(`no job in ${file === '-' ? 'stdin' : file}`, 'write one JSON object or one command per line')
  return requests
}

async function build(context: Context, requests: LineRequest[], bad_lines: BadLines) {
  const { address } = await context.address()
  const [{ hostId }, { platform }] = await Promise.all([
    import('../../platform/host.ts'),
    import('../../platform/platform.ts'),
  ])
  const { unrunnable } = platform
  const enqueue_context = {
    config: await context.config(),
    cwd: process.cwd(),
    host: hostId(),
    local: !isShared(address),
    unrunnable,
  }
  const toJob = jobMaker(enqueue_context)
  return requests.flatMap(({ line, request }) => bad_lines.guard(line, () => ({ line, job: toJob(request) })))
}

async function insert(
  context: Context,
  store: JobStore,
  jobs: { line: number | null; job: NewJob }[],
  bad_lines: BadLines,
) {
  const progress = jobs.length >= 1000 ? await progressOf(context, jobs.length) : null
  const inserting = store.insert({
    jobs: jobs.map(({ job }) => job),
    skip_taken: bad_lines.keep_going,
    ...(progress ? { on_progress: progress.show } : {}),
  })
  const answers = await inserting.catch((error) => bad_lines.throwTaken(jobs, error)).finally(progress?.clear)
  killPoint('inserted')
  return answers.flatMap((answer, i) => {
    if (answer !== null) return [answer]
    const { line, job } = jobs[i] as (typeof jobs)[number]
    bad_lines.report(line, duplicateId(job.id))
    return []
  })
}

/** Prints ids, one per line; with --json the jobs. */
function print(context: Context, store: JobStore, inserted: readonly Inserted[], is_bulk: boolean): void {
  if (context.json) {
    const now = store.now()
    const jobs = inserted.map(({ job, existing }) => ({ ...jobToJson(job, now), existing }))
    context.outJson(is_bulk ? jobs : jobs[0])
    return
  }
  if (inserted.length > 0) context.out(inserted.map(({ job }) => safe(job.id)).join('\n'))
  const existing = inserted.filter((one) => one.existing)
  if (existing.length === 1) context.note(`job ${existing[0]?.job.id} already exists with the same content`)
  if (existing.length > 1) context.note(`${existing.length} of the jobs already exist with the same content`)
}

async function progressOf(context: Context, total: number) {
  const { isTerminal } = await import('../terminal/tty.ts')
  if (context.json || !isTerminal(2)) return null
  return {
    show: (stored: number) => context.err(`\r${stored} of ${total} jobs`),
    clear: () => context.err(`\r${' '.repeat(40)}\r`),
  }
}

/** Handles bad lines: the first one fails the command; with --keep-going each is reported and skipped. */
class BadLines {
  count = 0
  readonly keep_going: boolean
  readonly #context: Context

  constructor(context: Context, keep_going: boolean) {
    this.#context = context
    this.keep_going = keep_going
  }

  /** The result of `work`; empty if the line was bad and has been reported. */
  guard<T>(line: number | null, work: () => T): T[] {
    try {
      return [work()]
    } catch (error) {
      if (line !== null && error instanceof QueuectlError) this.report(line, error)
      else throw error
      return []
    }
  }

  /** Throws `error`. An error about an id that is in use names the first line whose job conflicts. */
  throwTaken(jobs: readonly { line: number | null; job: NewJob }[], error: Error): never {
    const same_id = jobs.filter(({ job }) => duplicateId(job.id).message === error.message)
    const other = same_id.find(({ job }) => job.content_hash !== same_id[0]?.job.content_hash) ?? same_id[0]
    if (other !== undefined && error instanceof QueuectlError) throw named(other.line, error)
    throw error
  }

  report(line: number | null, error: QueuectlError): void {
    if (!this.keep_going) throw named(line, error)
    this.count++
    this.#context.err(`${failureText(failureOf(named(line, error)), this.#context.json)}\n`)
  }
}

function named(line: number | null, error: QueuectlError): QueuectlError {
  const { code, exit_code, message, hint } = error
  return line === null ? error : new QueuectlError(code, exit_code, `line ${line}: ${message}`, hint)
}
