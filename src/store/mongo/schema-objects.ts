import { isDeepStrictEqual } from 'node:util'
import type { mongo } from 'mongoose'
import { type Diagnosis, fine, problem, warning } from '../../domain/diagnosis.ts'
import { misconfigured } from '../../domain/errors.ts'
import { type OnProgress, withProgress } from '../progress.ts'
import type { Connection } from './connection.ts'
import { isLackingRight } from './errors.ts'
import { collectionNames, INDEXES, POSSIBLE } from './schema.ts'

/** Collections whose documents are numbered. `meta` holds the last number of each. */
const NUMBERED = ['jobs', 'controls'] as const

/** Checks the indexes, the validator of jobs, and the counters: objects besides the jobs that can be created again. */
export async function examineSchemaObjects(db: Connection, on_progress?: OnProgress): Promise<Diagnosis[]> {
  return [...(await examineIndexes(db, on_progress)), await examineValidator(db), ...(await examineNumbers(db))]
}

async function examineIndexes(db: Connection, on_progress: OnProgress | undefined): Promise<Diagnosis[]> {
  const existing = await db.call(() => collectionNames(db.db))
  const missing: { collection: string; index: mongo.IndexDescription }[] = []
  const changed: string[] = []
  for (const [collection, indexes] of Object.entries(INDEXES)) {
    const found = existing.includes(collection) ? await db.call(() => db.db.collection(collection).indexes()) : []
    for (const index of indexes) {
      const same = found.find(({ name }) => name === index.name)
      if (!same) missing.push({ collection, index })
      else if (!isSame(index, same)) changed.push(`${collection}.${index.name}`)
    }
  }
  const findings: Diagnosis[] = []
  if (changed.length > 0) {
    const hint = 'drop them with mongosh, then run queuectl doctor --fix'
    findings.push(warning('indexes', `changed since queuectl created them: ${changed.join(', ')}`, hint))
  }
  if (missing.length === 0) return findings.length > 0 ? findings : [fine('indexes', 'all exist')]
  const names = missing.map(({ collection, index }) => `${collection}.${index.name}`).join(', ')
  findings.push({
    ...problem('indexes', `missing: ${names}`, 'queuectl doctor --fix creates them again'),
    async mend() {
      await withProgress(`creating indexes in ${db.address.label}`, on_progress, () =>
        db.patiently(async (patient) => {
          for (const { collection, index } of missing)
            await patient.call(() => patient.db.collection(collection).createIndexes([index]))
        }),
      )
      return `created again: ${names}`
    },
  })
  return findings
}

function isSame(wanted: mongo.IndexDescription, found: mongo.IndexDescriptionInfo): boolean {
  return (
    // As entries: the order of the keys counts.
    isDeepStrictEqual(Object.entries(wanted.key), Object.entries(found.key)) &&
    Boolean(wanted.unique) === Boolean(found.unique) &&
    isDeepStrictEqual(wanted.partialFilterExpression ?? null, found.partialFilterExpression ?? null) &&
    (wanted.expireAfterSeconds ?? null) === (found.expireAfterSeconds ?? null)
  )
}

async function examineValidator(db: Connection): Promise<Diagnosis> {
  const [jobs] = await db.call(() => db.db.listCollections({ name: 'jobs' }).toArray())
  const validator = jobs && 'options' in jobs ? jobs.options?.validator : undefined
  // An empty one refuses nothing.
  if (Object.keys(validator ?? {}).length > 0) return fine('validator', 'the server refuses invalid jobs')
  const { database } = db.address
  const remedy = `queuectl doctor --fix sets the validator, for a user with the roles readWrite and dbAdmin on the database "${database}"`
  return {
    ...problem('validator', 'the server does not refuse invalid jobs', remedy),
    async mend() {
      await db.call(() =>
        db.db
          .command(durable(db, { collMod: 'jobs', validator: POSSIBLE }))
          .catch((error) => needAdmin(error, database)),
      )
      return 'the server now refuses invalid jobs'
    },
  }
}

/** Adds the write concern to `command`: the driver adds it only to its own methods. */
function durable(db: Connection, command: mongo.Document): mongo.Document {
  const { w, journal: j, wtimeoutMS: wtimeout } = db.db.writeConcern ?? {}
  return { ...command, writeConcern: { w, j, wtimeout } }
}

/**
 * The role readWrite can create a collection with its validator, but changing that later requires the right collMod.
 */
function needAdmin(error: unknown, database: string): never {
  if (!isLackingRight(error)) throw error
  throw misconfigured(
    'setting the validator requires the right collMod',
    `give the user also the role dbAdmin on the database "${database}"`,
  )
}

/** The value of a counter; 0 if it is damaged. */
const NUMBER_GIVEN = {
  $cond: [
    { $and: [{ $isNumber: '$value' }, { $gte: ['$value', 0] }, { $lt: ['$value', Number.MAX_SAFE_INTEGER] }] },
    { $toLong: '$value' },
    0,
  ],
}

/** Checks that the counters are not behind: new jobs must not run before old ones. */
async function examineNumbers(db: Connection): Promise<Diagnosis[]> {
  const behind: { name: 'jobs' | 'controls'; value: number }[] = []
  for (const name of NUMBERED) {
    const value = await lastNumber(db, name)
    // After the last number in use: a counter advances before its number is used, so jobs stored meanwhile do not make
    // it look late.
    const counter = await db.call(() => db.models.meta.findOne({ _id: name }).lean())
    const given: unknown = counter && 'value' in counter ? counter.value : null
    if (!Number.isSafeInteger(given) || Number(given) < value) behind.push({ name, value })
  }
  if (behind.length === 0) return [fine('counters', 'up to date')]
  return [
    {
      ...problem(
        'counters',
        `missing or behind: ${behind.map(({ name }) => name).join(', ')}; new jobs cannot be stored or would run before old ones`,
        'queuectl doctor --fix sets them',
      ),
      async mend() {
        for (const { name: _id, value } of behind) {
          const set = [{ $set: { value: { $max: [value, NUMBER_GIVEN] } } }]
          await db.call(() => db.models.meta.updateOne({ _id }, set, { upsert: true, updatePipeline: true }))
        }
        return 'set the counters'
      },
    },
  ]
}

/** The largest number in use; damaged ones are ignored. */
async function lastNumber(db: Connection, name: (typeof NUMBERED)[number]): Promise<number> {
  const numbered = { seq: { $gt: 0, $lt: Number.MAX_SAFE_INTEGER, $not: { $type: 'array' } } }
  const [last] = await db.call(() =>
    db.db
      .collection(name)
      .find(numbered, { projection: { seq: 1 }, sort: { seq: -1 }, limit: 1 })
      .toArray(),
  )
  return Math.ceil(Number(last?.seq ?? 0))
}
