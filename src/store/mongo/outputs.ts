import type { mongo } from 'mongoose'
import type { OutputTail } from '../../domain/history.ts'
import type { JobStore } from '../port.ts'
import type { Connection } from './connection.ts'
import { runsIn } from './documents.ts'
import { isDuplicate } from './errors.ts'
import type { OutputDocument } from './models.ts'
import { HISTORY } from './settle.ts'

// Output is not promised to be durable: writes do not wait for a majority, and reads do not require one. A reader that
// sees the end of a run also sees everything written before it.
const QUICK = { ordered: false, writeConcern: { w: 1 } } as const

/**
 * The end of each run's output. It is kept as long as the run is on record. It cannot expire by date, since dead jobs
 * are kept until the operator decides.
 */
export function keeping(db: Connection): Pick<JobStore, 'keepOutputs' | 'output'> {
  const { outputs } = db.models
  return {
    async keepOutputs({ outputs: given }) {
      const known = await tokensOf(db, given)
      const writes = given.filter(({ token }) => known.has(token)).flatMap(writesFor)
      if (writes.length === 0) return
      await db.call(async () => {
        try {
          await outputs.bulkWrite(writes as never, QUICK)
        } catch (error) {
          // More of that output is stored already: this is an earlier call that was given up and arrived late.
          if (!isDuplicate(error)) throw error
        }
      })
    },
    async output({ token, beyond = null }) {
      const newer = beyond === null ? {} : { $or: [{ bytes: { $gt: beyond } }, { ended: true }] }
      const found = await db.call(() =>
        outputs
          .findOne({ _id: token, ...newer })
          .readConcern('local')
          .lean(),
      )
      return found && toOutput(found)
    },
  }
}

/** Tokens of all runs on record of the jobs in `given`: the output of a run whose job is purged must not be stored. */
async function tokensOf(db: Connection, given: readonly OutputTail[]): Promise<Set<string>> {
  const ids = [...new Set(given.map(({ job }) => job))]
  const found = await db.call(() =>
    db.models.jobs
      .find({ _id: { $in: ids } }, { run_token: 1, 'history.token': 1 })
      .lean<{ run_token: string | null; history: unknown }[]>(),
  )
  return new Set(found.flatMap((job) => [job.run_token ?? '', ...runsIn(job).map(({ token }) => token)]))
}

/**
 * Writes that store an output unless a longer one is stored. At the end of a run they also remove the outputs of runs
 * beyond the history.
 */
function writesFor({ token, tail, bytes, ended, ...where }: OutputTail) {
  const { job, run } = where
  const update = { $set: { ...where, tail: Buffer.from(tail) }, $max: { bytes, ended } }
  const keep = { updateOne: { filter: { _id: token, bytes: { $lte: bytes } }, update, upsert: true } }
  if (!ended || run <= HISTORY) return [keep]
  return [keep, { deleteMany: { filter: { job, run: { $lte: run - HISTORY } } } }]
}

function toOutput({ _id: token, tail, ...rest }: OutputDocument): OutputTail {
  return { ...rest, token, tail: (tail as mongo.Binary).value() }
}
