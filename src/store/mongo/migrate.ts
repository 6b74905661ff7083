import type { mongo } from 'mongoose'
import { misconfigured, QueuectlError, tryAgain } from '../../domain/errors.ts'
import { newToken, randomWord } from '../../domain/ids.ts'
import type { ProcessIdentity } from '../../domain/processes.ts'
import { isSilent } from '../../domain/timing.ts'
import { sleep } from '../../lib/clock.ts'
import type { Connection } from './connection.ts'
import { withLock } from './lock.ts'
import { COLLECTIONS } from './models.ts'
import { collectionNames, MIGRATIONS } from './schema.ts'

/** What a database says about itself. */
export interface Mark {
  version: number
  /** Of this database, for ever: names the folder of its logs on each host. */
  store_id: string
}

export interface MigrateOptions {
  is_alive: (identity: ProcessIdentity) => boolean
  /** Marks a database that holds other programs' collections: somebody said that it is meant. */
  init?: boolean
  migrations?: readonly ((db: mongo.Db) => Promise<void>)[]
}

/** A majority of a healthy set has a write long before. */
const MAJORITY_MS = 2_000
const PAUSE_MS = 50

/** An index over many jobs takes its time. */
const PATIENCE_MS = 86_400_000

/**
 * Brings the database to the newest schema; any number of hosts may do so at once. Throws `configuration` when it is another
 * program's or a newer queuectl's, and leaves it untouched; `try_again` when an older one has to be upgraded while a registered
 * process lives (R12).
 */
export async function migrate(db: Connection, options: MigrateOptions): Promise<Mark> {
  const { migrations = MIGRATIONS } = options
  const mark = await readMark(db, migrations.length)
  if (mark?.version === migrations.length) return mark
  if (mark === null) await refuseStranger(db, options.init ?? false)
  return withLock(db, newToken(), () => upgrade(db, options, migrations))
}

/** What the database says about itself; null: nothing. Throws `configuration` for a newer queuectl's. */
export async function readMark(db: Connection, latest: number): Promise<Mark | null> {
  const mark = await db.call(() => db.models.meta.findOne({ _id: 'schema' }).lean())
  if (mark?._id !== 'schema' || mark.application !== 'queuectl') return null
  const { version, store_id } = mark
  if (version <= latest) return { version, store_id }
  throw misconfigured(
    `${db.address.label} has schema version ${version}; this queuectl knows versions up to ${latest}`,
    'use the newer queuectl that made it',
  )
}

/** Throws `configuration` for another program's database. A lock is ours too: somebody is about to make the schema, or died of it. */
export async function refuseStranger(db: Connection, init: boolean): Promise<void> {
  const names = await strangeNames(db)
  if (names.length === 0) return
  const taken = names.filter((name) => (COLLECTIONS as string[]).includes(name))
  if (taken.length > 0) {
    throw misconfigured(
      `${db.address.label} belongs to another program: it has ${nounFor(taken)} that queuectl did not make`,
      'name another database in the address; an empty one is made at first use',
    )
  }
  if (init) return
  throw misconfigured(
    `${db.address.label} holds ${nounFor(names)} of another program`,
    'name another database; if it is meant, mark it first: queuectl init --db URL',
  )
}

/**
 * The collections of a database that no queuectl has locked. The lock is looked for last: it comes first and stays, so that collections of
 * ours are never there without it, but for the one that holds it, which is there a moment before a majority has the lock.
 */
async function strangeNames(db: Connection): Promise<string[]> {
  const until = performance.now() + MAJORITY_MS
  for (;;) {
    const names = await db.call(() => collectionNames(db.db))
    if (names.length === 0) return names
    if (await db.call(() => db.models.meta.exists({ _id: 'lock', application: 'queuectl' }))) return []
    if (names.join() !== 'meta' || performance.now() > until) return names
    await sleep(PAUSE_MS, db.closed)
  }
}

async function upgrade(
  db: Connection,
  { is_alive }: MigrateOptions,
  migrations: NonNullable<MigrateOptions['migrations']>,
): Promise<Mark> {
  // Another host may have done it between our look and our lock.
  const mark = (await readMark(db, migrations.length)) ?? { version: 0, store_id: randomWord(16) }
  if (mark.version === migrations.length) return mark
  if (mark.version > 0) await refuseWhileInUse(db, is_alive)
  for (const [index, migration] of migrations.entries()) {
    if (index < mark.version) continue
    await db.call(() => migration(db.db), PATIENCE_MS).catch((error) => refused(db, error))
    const done = { version: index + 1, store_id: mark.store_id }
    const set = { $set: { application: 'queuectl', ...done } }
    await db.call(() => db.models.meta.updateOne({ _id: 'schema' }, set, { upsert: true }))
  }
  return { ...mark, version: migrations.length }
}

/** A limit on indexes, an index of the same name: what was made so far stays, and is taken up again. */
function refused({ address: { label } }: Connection, error: unknown): never {
  if (error instanceof QueuectlError) throw error
  throw misconfigured(
    `${label} cannot be furnished: ${(error as Error).message}`,
    'queuectl makes its collections and indexes itself; let it, or name another database',
  )
}

async function refuseWhileInUse(db: Connection, isAlive: MigrateOptions['is_alive']): Promise<void> {
  const processes = await db.call(() => db.models.processes.find().lean())
  const alive = processes.find(
    ({ identity, beat_at }) => isAlive(identity) || !isSilent(db.now() - beat_at.getTime(), { shared: true }),
  )
  if (!alive) return
  throw tryAgain(
    `${db.address.label} must be upgraded, but process ${alive.identity.pid} on ${alive.host} of an older queuectl uses it`,
    'stop the workers of all hosts first: queuectl worker stop',
  )
}

function nounFor(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `"${name}"`)
  const more = names.length - shown.length
  return `the collection${names.length > 1 ? 's' : ''} ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
