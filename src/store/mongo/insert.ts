import { mongo } from 'mongoose'
import { duplicateId, EXIT, QueuectlError } from '../../domain/errors.ts'
import type { Job, NewJob } from '../../domain/job.ts'
import { freshJob, judge } from '../insertion.ts'
import type { Inserted, JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { JOB_PROJECTION, toDocument, toJob } from './documents.ts'
import { isDuplicate } from './errors.ts'
import { takeNumbers } from './numbers.ts'

const AT_ONCE = 1000

/**
 * One write for each thousand jobs. Not atomic, as there may be no transactions: ids that are taken are looked for before anything is
 * stored, and what a race lets slip through is taken back.
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

/** Stores jobs with ids of their own each. Returns who has those ids now: these jobs, or such as were there before. */
async function insertChunk(db: Connection, specs: readonly NewJob[]): Promise<Job[]> {
  const first = await takeNumbers(db, 'jobs', specs.length)
  const now = db.now()
  const jobs = specs.map((spec) => freshJob(spec, now))
  const documents = jobs.map((job, index) => toDocument(job, first + index))
  const all_new = await db.call(async () => {
    try {
      await db.models.jobs.insertMany(documents, { ordered: false, lean: true })
      return true
    } catch (error) {
      if (!isDuplicate(error)) throw error
      // Those that are new are in; but only a majority makes them last.
      const doubt = error instanceof mongo.MongoBulkWriteError ? error.result.getWriteConcernError() : undefined
      if (doubt) throw new mongo.MongoServerError({ message: doubt.errmsg ?? '', code: doubt.code })
      return false
    }
  })
  return all_new ? jobs : [...(await storedJobs(db, specs)).values()]
}

/** Throws `duplicate_id` when one of `jobs` cannot be stored. */
async function refuseTaken(
  db: Connection,
  jobs: readonly NewJob[],
  firsts: ReadonlyMap<string, NewJob>,
): Promise<void> {
  for (const spec of jobs) if (!sameJob(firsts.get(spec.id) ?? spec, spec)) throw duplicateId(spec.id)
  const specs = [...firsts.values()]
  for (let from = 0; from < specs.length; from += AT_ONCE) {
    const chunk = specs.slice(from, from + AT_ONCE)
    const stored = await storedJobs(db, chunk)
    for (const spec of chunk)
      if (stored.has(spec.id) && !judgeStored(stored.get(spec.id), spec)) throw duplicateId(spec.id)
  }
}

async function storedJobs(db: Connection, specs: readonly NewJob[]): Promise<Map<string, Job>> {
  const ids = specs.map(({ id }) => id)
  const found = await db.call(() => db.models.jobs.find({ _id: { $in: ids } }, JOB_PROJECTION).lean())
  return new Map(found.map((document) => [document._id, toJob(document)]))
}

const judgeStored = (stored: Job | undefined, spec: NewJob): Inserted | null => (stored ? judge(stored, spec) : null)

function sameJob(first: NewJob, spec: NewJob): boolean {
  return first === spec || (first.content_hash === spec.content_hash && spec.content_hash !== null)
}

/** Removes what this call has stored, unless it runs already, and throws `duplicate_id`. */
async function takeBack(db: Connection, specs: readonly NewJob[], taken: string): Promise<never> {
  const own = { $in: specs.map(({ insert_token }) => insert_token) }
  const ids = { $in: specs.map(({ id }) => id) }
  await db.call(() => db.models.jobs.deleteMany({ _id: ids, insert_token: own, state: 'pending', runs: 0 }))
  throw duplicateId(taken)
}

/** Nobody knows what became of the write that got no answer; of those before it one does. */
function soFar(error: unknown, stored: number, total: number): unknown {
  if (!(error instanceof QueuectlError) || error.exit_code !== EXIT.unreachable) return error
  const known = total === 1 ? 'the job may have been stored' : `${stored} of ${total} jobs were stored for certain`
  const hint = 'jobs with an id of their own can be enqueued again without harm; queuectl list shows what is there'
  return new QueuectlError(error.code, error.exit_code, `${error.message}; ${known}`, hint)
}
