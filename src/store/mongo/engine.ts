import { isDeepStrictEqual } from 'node:util'
import { mongo } from 'mongoose'
import { type Diagnosis, failedCheck, fine, problem } from '../../domain/diagnosis.ts'
import { misconfigured, type QueuectlError } from '../../domain/errors.ts'
import { newToken } from '../../domain/ids.ts'
import type { Connection } from './connection.ts'
import { domainError, isLackingRight, isPassing, isUnsupported } from './errors.ts'

/** Prefix of the ids of documents in `meta` that test a server. They are removed after the test. */
export const PROBE = 'probe-'

const REMEDY = 'queuectl needs MongoDB 6.0 or later'

/** An operator that the writes of the store use: an expression and its expected value. */
interface Need {
  name: string
  expression: unknown
  value: unknown
}

const dated = (ms: number) => ({ $literal: new Date(ms) })
const NOW = { $toLong: '$$NOW' }

const NEEDS: readonly Need[] = [
  { name: '$literal', expression: { $literal: '$_id' }, value: '$_id' },
  { name: '$cond', expression: { $cond: [{ $eq: ['$_id', '$_id'] }, 1, 2] }, value: 1 },
  { name: '$ifNull', expression: { $ifNull: ['$holder', 1] }, value: 1 },
  { name: '$toLong', expression: { $toLong: dated(5) }, value: 5 },
  {
    name: '$toDate',
    expression: { $toDate: { $max: [{ $toLong: dated(5) }, { $toLong: dated(7) }] } },
    value: new Date(7),
  },
  { name: '$$NOW', expression: { $lt: [{ $toLong: dated(5) }, NOW] }, value: true },
  { name: '$add', expression: { $subtract: [{ $toLong: { $add: ['$$NOW', 9] } }, NOW] }, value: 9 },
  { name: '$or', expression: { $or: [{ $and: [true, false] }, { $ne: [1, 2] }] }, value: true },
  { name: '$let', expression: { $let: { vars: { n: 1 }, in: [{ n: '$$n' }] } }, value: [{ n: 1 }] },
  { name: '$isNumber', expression: { $isNumber: '$_id' }, value: false },
  { name: '$slice', expression: { $slice: [{ $concatArrays: [[1, 2], [{ n: '$holder' }]] }, -2] }, value: [2, {}] },
]

/**
 * Throws `configuration` (78) if the server lacks an operator that the store needs. Tested by use, whatever version the
 * server reports, and only at the first use of a database, not by each command.
 */
export async function needEngine(db: Connection): Promise<void> {
  const lack = await lackOf(db).catch((error) => Promise.reject(domainError(error, db.address)))
  if (lack !== null) throw lacking(db, lack)
}

/**
 * Throws `error`, with which the server refused to create the schema; `configuration` (78) if it does not support the
 * request.
 */
export function refuseLack(db: Connection, error: unknown): never {
  if (isPassing(error) || !isUnsupported(error)) throw error
  throw lacking(db, (error as Error).message)
}

/** The error for a server that lacks `what`. */
function lacking(db: Connection, what: string): QueuectlError {
  return misconfigured(`MongoDB at ${db.address.hosts} lacks what queuectl needs: ${db.address.redact(what)}`, REMEDY)
}

/** The same check as a finding. It is skipped for a user that may only read. */
export async function examineEngine(db: Connection): Promise<Diagnosis> {
  try {
    const lack = await lackOf(db)
    if (lack === null) return fine('engine', 'supports what queuectl needs')
    const { message, hint } = lacking(db, lack)
    return problem('engine', message, hint)
  } catch (error) {
    if (isLackingRight(error)) return fine('engine', 'not tested: this user may only read')
    return failedCheck('engine', domainError(error, db.address))
  }
}

/**
 * What the server lacks, with its reason; null: nothing. Throws if that is unknown; for a missing right the server's
 * own error.
 */
async function lackOf(db: Connection): Promise<string | null> {
  const refusal = await attempt(db, NEEDS)
  if (refusal === null) return null
  const update = await attempt(db, [])
  if (update !== null) return `updates by a pipeline, with upsert (${update.message})`
  const lacks: { name: string; message: string }[] = []
  for (const need of NEEDS) {
    const { message } = (await attempt(db, [need])) ?? {}
    if (message !== undefined) lacks.push({ name: need.name, message })
  }
  const names = lacks.length > 0 ? lacks.map(({ name }) => name).join(', ') : 'updates by a long pipeline'
  return `${names} (${lacks[0]?.message ?? refusal.message})`
}

/** Lets the server compute the expressions; null: all values are as expected. */
async function attempt(db: Connection, needs: readonly Need[]): Promise<Error | null> {
  const meta = db.db.collection<{ _id: string; value?: number; probe?: Record<string, unknown> }>('meta')
  const probe = Object.fromEntries(needs.map(({ expression }, index) => [`n${index}`, expression]))
  const set = needs.length > 0 ? { value: 1, probe } : { value: 1 }
  const options = { upsert: true, returnDocument: 'after' } as const
  const found = await db.call(() =>
    meta.findOneAndUpdate({ _id: `${PROBE}${newToken()}` }, [{ $set: set }], options).catch(refusalIn),
  )
  if (found instanceof Error) {
    if (isLackingRight(found)) throw found
    return found
  }
  // Also those of other processes: they have their answer already, or died.
  await db.call(() => meta.deleteMany({ _id: { $gte: PROBE, $lt: `${PROBE}~` } }))
  const wrong = needs.find(({ value }, index) => !isDeepStrictEqual(found?.probe?.[`n${index}`], value))
  if (wrong === undefined && found?.value === 1) return null
  return new Error(`${wrong?.name ?? 'an update'} returns another value than MongoDB does`)
}

/** The server's refusal of the request itself. Throws errors that may pass. */
function refusalIn(error: unknown): Error {
  if (error instanceof mongo.MongoServerError && !isPassing(error)) return error
  throw error
}
