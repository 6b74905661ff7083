import { mongo } from 'mongoose'
import { duplicateId, EXIT, QueuectlError } from '../../domain/errors.ts'
import { newToken } from '../../domain/ids.ts'
import type { Job, NewJob } from '../../domain/job.ts'
import { freshJob, judge } from '../insertion.ts'
import type { Inserted, JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { type JobDocument, toDocument, toJob } from './documents.ts'
import { isDuplicate } from './errors.ts'
import { takeNumbers } from './sequences.ts'

const AT_ONCE = 1000

/**
 * Most tries to store jobs whose ids exist. Two are enough, unless jobs with that id are created and removed meanwhile.
 */
const TRIES = 10

/** Jobs that a refused bulk may remove again: no other call was answered with them, and they never ran. */
const RETRACTABLE = { state: 'pending', runs: 0, change_token: null } as const

/**
 * One write for each thousand jobs. Not atomic, since the server may lack transactions: existing ids are checked before
 * anything is stored, and if a race still causes a conflict, the jobs stored so far are removed.
 */
export function inserting(db: Connection): Pick<JobStore, 'insert'> {
  return {
    async insert({ jobs, skip_taken = false, on_progress }) {
      const firsts = new Map<string, NewJob>()
      for (const spec of jobs) if (!firsts.has(spec.id)) firsts.set(spec.id, spec)
      const specs = [...firsts.values()]
      if (!skip_taken && jobs.length > 1) await refuseTaken(db, jobs, firsts)

      const holders = new Map<string, Job>()
      for (let from = 0; from < specs.length; from += AT_ONCE) {
        const chunk = specs.slice(from, from + AT_ONCE)
        const stored = await insertChunk(db, chunk).catch((error) => Promise.reject(soFar(error, from, specs.length)))
        for (const job of stored) holders.set(job.id, job)
        const taken = skip_taken ? undefined : chunk.find((spec) => !judgeStored(holders.get(spec.id), spec))
        if (taken) await takeBack(db, specs.slice(0, from + AT_ONCE), taken.id)
        on_progress?.(from + chunk.length)
      }
      return jobs.map((spec) => judgeStored(holders.get(spec.id), spec))
    },
  }
}

/**
 * Stores jobs with different ids. Returns the jobs that have those ids now: the new ones, or those that existed before.
 */
async function insertChunk(db: Connection, specs: readonly NewJob[]): Promise<Job[]> {
  const first = await takeNumbers(db, 'jobs', specs.length)
  const now = db.now()
  let open = specs.map((spec, index) => {
    const job = freshJob(spec, now)
    return { spec, job, document: toDocument(job, first + index) }
  })
  const holders: Job[] = []
  for (let tries = 0; open.length > 0 && tries < TRIES; tries++) {
    const documents = open.map(({ document }) => document)
    const refused = await insertNew(db, documents)
    holders.push(...open.filter(({ job }) => !refused.has(job.id)).map(({ job }) => job))
    open = open.filter(({ job }) => refused.has(job.id))
    if (open.length === 0) break
    const others = await lastingHolders(
      db,
      open.map(({ spec }) => spec),
    )
    holders.push(...others.values())
    open = open.filter(({ job }) => !others.has(job.id))
  }
  return holders
}

/** Stores the documents whose ids are free. Returns the ids of the others. */
function insertNew(db: Connection, documents: readonly JobDocument[]): Promise<Set<string | undefined>> {
  return db.call(async () => {
    try {
      await db.models.jobs.insertMany(documents, { ordered: false, lean: true })
      return new Set()
    } catch (error) {
      if (!isDuplicate(error) || !(error instanceof mongo.MongoBulkWriteError)) throw error
      // The new ones are stored, but they are durable only once a majority confirms them.
      const doubt = error.result.getWriteConcernError()
      if (doubt) throw new mongo.MongoServerError({ message: doubt.errmsg ?? '', code: doubt.code })
      return new Set(error.result.getWriteErrors().map(({ index }) => documents[index]?._id))
    }
  })
}

/**
 * The stored jobs that have the ids of `specs`. Left out are ids that became free, and jobs that another client's bulk
 * could still remove: these are marked as known to others, so that the next try finds them safe or gone.
 */
async function lastingHolders(db: Connection, specs: readonly NewJob[]): Promise<Map<string, Job>> {
  const lasting = new Map<string, Job>()
  const passing: NewJob[] = []
  for (const [spec, { job, retractable }] of await storedJobs(db, specs)) {
    if (retractable && judge(job, spec)?.existing) passing.push(spec)
    else lasting.set(job.id, job)
  }
  if (passing.length === 0) return lasting
  const ids = { $in: passing.map(({ id }) => id) }
  // Only jobs with the same content: this call is never answered with another job that got the id meanwhile.
  const same = { $in: passing.map(({ content_hash }) => content_hash) }
  const mark = { $set: { change_token: newToken() } }
  await db.call(() => db.models.jobs.updateMany({ _id: ids, content_hash: same, ...RETRACTABLE }, mark))
  return lasting
}

/** Throws `duplicate_id` if the id of one of `jobs` belongs to another job. */
async function refuseTaken(
  db: Connection,
  jobs: readonly NewJob[],
  firsts: ReadonlyMap<string, NewJob>,
): Promise<void> {
  for (const spec of jobs) if (!sameJob(firsts.get(spec.id) ?? spec, spec)) throw duplicateId(spec.id)
  const specs = [...firsts.values()]
  for (let from = 0; from < specs.length; from += AT_ONCE) {
    const chunk = specs.slice(from, from + AT_ONCE)
    for (const [spec, { job }] of await storedJobs(db, chunk)) if (!judge(job, spec)) throw duplicateId(spec.id)
  }
}

/** Those of `specs` whose ids exist, each with the stored job. */
async function storedJobs(
  db: Connection,
  specs: readonly NewJob[],
): Promise<[NewJob, { job: Job; retractable: boolean }][]> {
  const ids = specs.map(({ id }) => id)
  const found = await db.call(() => db.models.jobs.find({ _id: { $in: ids } }, { history: 0 }).lean())
  const stored = new Map(found.map((document) => [document._id, document]))
  return specs.flatMap((spec) => {
    const document = stored.get(spec.id)
    if (!document) return []
    const { change_token, ...row } = document
    const retractable = row.state === RETRACTABLE.state && row.runs === RETRACTABLE.runs && change_token == null
    return [[spec, { job: toJob(row), retractable }]]
  })
}

const judgeStored = (stored: Job | undefined, spec: NewJob): Inserted | null => (stored ? judge(stored, spec) : null)

function sameJob(first: NewJob, spec: NewJob): boolean {
  return first === spec || (first.content_hash === spec.content_hash && spec.content_hash !== null)
}

/**
 * Removes the jobs that this call stored, unless others rely on them or they ran already, and throws `duplicate_id`.
 */
async function takeBack(db: Connection, specs: readonly NewJob[], taken: string): Promise<never> {
  const own = { $in: specs.map(({ insert_token }) => insert_token) }
  const ids = { $in: specs.map(({ id }) => id) }
  await db.call(() => db.models.jobs.deleteMany({ _id: ids, insert_token: own, ...RETRACTABLE }))
  throw duplicateId(taken)
}

/** Adds to an `unreachable` error how many jobs were stored: the writes before the unanswered one are certain. */
function soFar(error: unknown, stored: number, total: number): unknown {
  if (!(error instanceof QueuectlError) || error.exit_code !== EXIT.unreachable) return error
  const known = total === 1 ? 'the job may have been stored' : `${stored} of ${total} jobs were stored for certain`
  const hint = 'jobs that you gave an ID can safely be enqueued again; queuectl list shows the stored jobs'
  return new QueuectlError(error.code, error.exit_code, `${error.message}; ${known}`, hint)
}
