import type { mongo } from 'mongoose'
import { FINAL_STATES, JOB_VIEWS } from '../../domain/job.ts'
import type { COLLECTIONS } from './models.ts'

type Db = mongo.Db

/** Earlier than every date that is written: the bound in a partial index of dates, and in every query that uses it. */
export const EPOCH = new Date(0)

const PENDING = { state: 'pending' }
const NAMESPACE_EXISTS = 48
const HOUR_S = 3600
const DAY_S = 86_400

/** Values of the fields that only a processing job has, for all other jobs. */
export const UNHELD = {
  processing_by: null,
  lease_token: null,
  run_token: null,
  locked_at: null,
  lease_expires_at: null,
  cancel_requested_at: null,
}

const text = { $type: 'string' }
const date = { $type: 'date' }
const HELD = { processing_by: text, lease_token: text, run_token: text, locked_at: date, lease_expires_at: date }

/** The validator of jobs: the server refuses all others from every client. */
export const POSSIBLE = {
  $or: [
    { state: 'pending', view: { $in: [...JOB_VIEWS] }, finished_at: null, ...UNHELD },
    { state: 'processing', view: 'processing', finished_at: null, started_at: date, ...HELD },
    ...FINAL_STATES.map((state) => ({ state, view: state, finished_at: date, ...UNHELD })),
  ],
}

/**
 * Indexes: equality, then sort, then range. A partial index and its queries write the condition in the same way, else
 * the server does not use it. `held` lets a token hold one job at most: so a repeated claim is recognized.
 */
export const INDEXES: Readonly<Record<string, mongo.IndexDescription[]>> = {
  jobs: [
    { name: 'order', key: { view: 1, priority: -1, seq: 1 }, partialFilterExpression: PENDING },
    { name: 'queue_order', key: { queue: 1, view: 1, priority: -1, seq: 1 }, partialFilterExpression: PENDING },
    { name: 'due', key: { view: 1, next_run_at: 1, seq: 1 }, partialFilterExpression: PENDING },
    { name: 'queue_due', key: { queue: 1, view: 1, next_run_at: 1, seq: 1 }, partialFilterExpression: PENDING },
    { name: 'held', key: { lease_token: 1 }, unique: true, partialFilterExpression: { state: 'processing' } },
    {
      name: 'finished',
      key: { state: 1, finished_at: 1, seq: 1 },
      partialFilterExpression: { finished_at: { $gt: EPOCH } },
    },
    { name: 'age', key: { seq: 1 } },
    { name: 'view_age', key: { view: 1, seq: 1 } },
    { name: 'queue_age', key: { queue: 1, view: 1, seq: 1 } },
    { name: 'run', key: { 'history.token': 1 }, sparse: true },
  ],
  processes: [{ name: 'supervisor', key: { supervisor_id: 1 } }],
  controls: [
    { name: 'asked', key: { supervisor_id: 1, state: 1, seq: 1 } },
    { name: 'taken', key: { take_token: 1, seq: 1 } },
    { name: 'expiry', key: { created_at: 1 }, expireAfterSeconds: DAY_S },
  ],
  samples: [{ name: 'expiry', key: { at: 1 }, expireAfterSeconds: HOUR_S }],
  outputs: [{ name: 'job', key: { job: 1, run: 1 } }],
}

/**
 * Numbered migrations: the nth upgrades a database from version n - 1 to n. Released ones are never edited. Each may be
 * cut off at any point and then runs again from its start.
 */
export const MIGRATIONS: readonly ((db: Db) => Promise<void>)[] = [
  async (db) => {
    await createObjects(db, ['jobs', 'processes', 'controls', 'config', 'samples', 'meta'])
    for (const _id of ['jobs', 'controls']) {
      await db.collection<{ _id: string }>('meta').updateOne({ _id }, { $setOnInsert: { value: 0 } }, { upsert: true })
    }
  },
  async (db) => {
    await db.collection('jobs').updateMany({ shell: null }, { $set: { shell: 'default' } })
  },
  (db) => createObjects(db, ['jobs', 'outputs']),
  async (db) => {
    await db.collection('jobs').updateMany({ requeues: null }, { $set: { requeues: 0 } })
  },
]

async function createObjects(db: Db, names: readonly (typeof COLLECTIONS)[number][]): Promise<void> {
  const existing = await collectionNames(db)
  for (const name of names) {
    if (!existing.includes(name))
      await db.createCollection(name, name === 'jobs' ? { validator: POSSIBLE } : {}).catch(ifNew)
    const indexes = INDEXES[name] ?? []
    if (indexes.length > 0) await db.collection(name).createIndexes(indexes)
  }
}

/**
 * The collection may exist by now: a process that lost the lock without noticing creates the same ones at the same
 * time.
 */
function ifNew(error: mongo.MongoServerError): void {
  if (error.code !== NAMESPACE_EXISTS) throw error
}

/** Collections of the database, without the server's own. */
export async function collectionNames(db: Db): Promise<string[]> {
  const found = await db.listCollections({}, { nameOnly: true }).toArray()
  return found.map(({ name }) => name).filter((name) => !name.startsWith('system.'))
}
