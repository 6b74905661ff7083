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

/** So often at most it is looked who has an id: two looks do, unless jobs of that id come and go meanwhile. */
const LOOKS = 10

/** What a bulk that is refused takes back: nobody but itself has been told of that job, nor has anybody run it. */
const RETRACTABLE = { state: 'pending', runs: 0, change_token: null } as const

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
  let open = specs.map((spec, index) => {
    const job = freshJob(spec, now)
    return { spec, job, document: toDocument(job, first + index) }
  })
  const holders: Job[] = []
  for (let look = 0; open.length > 0 && look < LOOKS; look++) {
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

/** Stores those whose ids are free. Returns the ids of the others. */
function insertNew(db: Connection, documents: readonly JobDocument[]): Promise<Set<string | undefined>> {
  return db.call(async () => {
    try {
      await db.models.jobs.insertMany(documents, { ordered: false, lean: true })
      return new Set()
    } catch (error) {
      if (!isDuplicate(error) || !(error instanceof mongo.MongoBulkWriteError)) throw error
      // Those that are new are in; but only a majority makes them last.
      const doubt = error.result.getWriteConcernError()
      if (doubt) throw new mongo.MongoServerError({ message: doubt.errmsg ?? '', code: doubt.code })
      return new Set(error.result.getWriteErrors().map(({ index }) => documents[index]?._id))
    }
  })
}

/**
 * Who has the ids of `specs`. Left out are those that nobody has any more, and those that a bulk of somebody else's could take back:
 * they are marked as told of, so that the next look finds them safe, or gone.
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
  // Of what another program has stored under such an id meanwhile nobody is told.
  const same = { $in: passing.map(({ content_hash }) => content_hash) }
  const mark = { $set: { change_token: newToken() } }
  await db.call(() => db.models.jobs.updateMany({ _id: ids, content_hash: same, ...RETRACTABLE }, mark))
  return lasting
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
    for (const [spec, { job }] of await storedJobs(db, chunk)) if (!judge(job, spec)) throw duplicateId(spec.id)
  }
}

/** Those of `specs` whose ids somebody has, with that job. */
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

/** Removes what this call has stored, unless others know of it or it runs already, and throws `duplicate_id`. */
async function takeBack(db: Connection, specs: readonly NewJob[], taken: string): Promise<never> {
  const own = { $in: specs.map(({ insert_token }) => insert_token) }
  const ids = { $in: specs.map(({ id }) => id) }
  await db.call(() => db.models.jobs.deleteMany({ _id: ids, insert_token: own, ...RETRACTABLE }))
  throw duplicateId(taken)
}

/** Nobody knows what became of the write that got no answer; of those before it one does. */
function soFar(error: unknown, stored: number, total: number): unknown {
  if (!(error instanceof QueuectlError) || error.exit_code !== EXIT.unreachable) return error
  const known = total === 1 ? 'the job may have been stored' : `${stored} of ${total} jobs were stored for certain`
  const hint = 'jobs with an id of their own can be enqueued again without harm; queuectl list shows what is there'
  return new QueuectlError(error.code, error.exit_code, `${error.message}; ${known}`, hint)
}
