import { expect } from 'chai'
import fc from 'fast-check'
import mongoose, { type mongo } from 'mongoose'
import { auditHistory } from '../../src/domain/audit.ts'
import { EXIT, QueuectlError } from '../../src/domain/errors.ts'
import { JOB_STATES, JOB_VIEWS, type Job } from '../../src/domain/job.ts'
import { decide } from '../../src/domain/outcome.ts'
import type { JobStore } from '../../src/store/port.ts'
import { jobToJson, runToJson } from '../../src/views/job-view.ts'
import { mongoBench } from '../contract/bench-mongo.ts'
import { beatOf, claimOf, newJob } from '../contract/kit.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { holdsFor, RUN } from '../helpers/property.ts'
import { populate } from './queue.ts'
import { IDS } from './words.ts'

const { ObjectId, Long, Decimal128, Binary } = mongoose.mongo.BSON

const VALUES: unknown[] = [
  ...[null, '', 'x', '$HOME', 'a\u0000b', 'pending', 'dead', 'ready', 'x'.repeat(100_000), true],
  ...[0, -1, 1.5, 2 ** 31, Number.MAX_SAFE_INTEGER, 1e308, Number.NaN, Number.POSITIVE_INFINITY],
  ...[
    new Date(0),
    new Date(8.64e15),
    new Date(),
    [],
    ['x'],
    [null],
    [{}],
    {},
    { x: 1 },
    { name: 1 },
    [{ name: 'A', value: 1 }],
  ],
  ...[Long.MAX_VALUE, Decimal128.fromString('1'), new ObjectId(), new Binary(Buffer.from([0xff])), /x/],
]

type Edit = { collection: string; document: number; path: string; value: unknown }

/** Edits of a field that ignore the server's checks. */
function anyEdits(fields: readonly { collection: string; path: string }[]): fc.Arbitrary<Edit[]> {
  const edit = fc
    .tuple(fc.constantFrom(...fields), fc.nat({ max: 9 }), fc.constantFrom(...VALUES, undefined))
    .map(([where, document, value]) => ({ ...where, document, value }))
  return fc.array(edit, { minLength: 1, maxLength: 3 })
}

describe('a MongoDB database that another program has edited @full', () => {
  before(needsMongo)

  it('is read and written as far as it is valid, and never an internal error', async function () {
    this.timeout(RUN.patience_ms)
    const bench = await mongoBench()
    const store = await bench.open('supervisor')
    await populate(store)
    const connection = await mongoose.createConnection(bench.address).asPromise()
    const db = connection.db as mongo.Db
    const before = await dump(db)
    const fields = Object.entries(before).flatMap(([collection, documents]) =>
      [...new Set(documents.flatMap((one) => pathsOf(one)))].map((path) => ({ collection, path })),
    )
    try {
      await holdsFor(
        fc.asyncProperty(
          anyEdits(fields),
          fc.shuffledSubarray(CALLS, { minLength: 6, maxLength: 9 }),
          async (edits, calls) => {
            await restore(db, before)
            for (const edit of edits) await apply(db, before, edit)
            for (const call of calls) await call(store).catch(expectNamed)
          },
        ),
        (await mongoServer()).slow ? 30 : 300,
      )
    } finally {
      await connection.close()
      await bench.dispose()
    }
  })
})

function expectNamed(error: unknown): void {
  expect(error, String((error as Error).stack)).to.be.instanceOf(QueuectlError)
  expect((error as QueuectlError).exit_code).to.not.equal(EXIT.internal)
}

const CALLS: ((store: JobStore) => Promise<unknown>)[] = [
  ...[undefined, ...JOB_STATES, ...JOB_VIEWS].map((state) => (store: JobStore) => {
    return show(store, store.list({ sort: 'oldest', limit: 100, ...(state ? { state } : {}) }))
  }),
  ...(['due', 'order', 'finished'] as const).map((sort) => (store: JobStore) => {
    return show(store, store.list({ sort, limit: 100 }))
  }),
  (store) => Promise.all(IDS.map((id) => store.get({ id }))),
  async (store) => (await Promise.all(IDS.map((id) => store.runs({ id })))).flat().map(runToJson),
  (store) => store.list({ sort: 'newest', limit: 2, search: 'e', after: 'scheduled' }),
  (store) => store.findIds({ prefix: '', limit: 100 }),
  async (store) => (await store.history({ after: null, limit: 100 })).histories.map((one) => auditHistory(one, 20)),
  (store) => store.overview(),
  (store) => store.processing(),
  (store) => store.processes(),
  (store) => store.samples({ since: 0 }),
  (store) => store.config(),
  (store) => store.control({ id: 'c1' }),
  (store) => store.takeControls({ supervisor_id: 's1' }),
  (store) => store.recorded({ tokens: ['x'] }),
  (store) => store.cancel({ ids: IDS }),
  (store) => store.promote({ ids: IDS }),
  (store) => store.requeue({ ids: IDS }),
  (store) => store.purge({ states: ['completed', 'dead'], older_than_ms: 0, limit: 100 }),
  (store) => store.beat(beatOf('s1', ['w1'], ['x'])),
  (store) => store.renew({ worker_id: 'w1', tokens: ['x'], lease_ms: 1000 }),
  (store) => store.insert({ jobs: [newJob({ id: 'pending' }), newJob()], skip_taken: true }),
  (store) => store.setConfig({ key: 'max_retries', value: 1 }),
  (store) => store.deregister({ ids: ['w1'] }),
  claimAndSettle,
  claimAndSettle,
]

/** Jobs as they are shown. */
async function show(store: JobStore, jobs: Promise<Job[]>): Promise<unknown> {
  return (await jobs).map((job) => jobToJson(job, store.now()))
}

async function claimAndSettle(store: JobStore): Promise<void> {
  const { job } = await store.claim(claimOf())
  if (job === null) return
  const settlement = decide(job, { kind: 'exit', exit_code: 1 })
  const run = { worker: 'w1', host: 'here', run_ms: 5 }
  await store.settle({ id: job.id, token: String(job.lease_token), settlement, run, next: claimOf() })
}

type Documents = Record<string, Record<string, unknown>[]>

async function dump(db: mongo.Db): Promise<Documents> {
  const names = ['jobs', 'processes', 'controls', 'config', 'samples']
  const all = await Promise.all(names.map((name) => db.collection(name).find().toArray()))
  return Object.fromEntries(names.map((name, i) => [name, all[i] ?? []]))
}

async function restore(db: mongo.Db, documents: Documents): Promise<void> {
  for (const [name, all] of Object.entries(documents)) {
    await db.collection(name).deleteMany({})
    if (all.length > 0) await db.collection(name).insertMany(all as never)
  }
}

/** Paths of all fields except the id, also inside lists and objects. */
function pathsOf(value: unknown, at = ''): string[] {
  const plain = typeof value !== 'object' || value === null || !/^(Object|Array)$/.test(value.constructor.name)
  const below = plain
    ? []
    : Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, at === '' ? name : `${at}.${name}`))
  return at === '' || at === '_id' ? below : [at, ...below]
}

async function apply(db: mongo.Db, documents: Documents, { collection, document, path, value }: Edit): Promise<void> {
  const all = documents[collection] ?? []
  const _id = all[document % all.length]?._id as never
  const update = value === undefined ? { $unset: { [path]: '' } } : { $set: { [path]: value } }
  // Refused: the index is unique, or the document has no such path.
  await db
    .collection(collection)
    .updateOne({ _id }, update, { bypassDocumentValidation: true })
    .catch(() => {})
}
