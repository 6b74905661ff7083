import type { mongo } from 'mongoose'
import { misconfigured, noQueueYet, QueuectlError, tryAgain } from '../../domain/errors.ts'
import { newToken, randomWord } from '../../domain/ids.ts'
import type { ProcessIdentity } from '../../domain/processes.ts'
import { type OnProgress, withProgress } from '../progress.ts'
import type { Connection } from './connection.ts'
import { needEngine, refuseLack } from './engine.ts'
import { withLock } from './lock.ts'
import { refuseForeign } from './ownership.ts'
import { MIGRATIONS } from './schema.ts'

/** What a database says about itself. */
export interface Mark {
  version: number
  /** Of this database, for ever: names the folder of its logs on each host. */
  store_id: string
}

interface MigrateOptions {
  is_alive: (identity: ProcessIdentity) => boolean
  /** Marks a database that holds other programs' collections: somebody said that it is meant. */
  init?: boolean
  /** Hears what takes long, and how many seconds it has taken. */
  on_progress?: OnProgress
  /** False: a database without a mark is left as it is. */
  create?: boolean
  migrations?: readonly ((db: mongo.Db) => Promise<void>)[]
}

/** A process that beat so recently may live on a host that cannot be looked at from here. */
const FRESH_BEAT_MS = 30_000

/**
 * Brings the database to the newest schema; any number of hosts may do so at once. Throws `configuration` when it is another
 * program's or a newer queuectl's, and leaves it untouched; `not_found` when it is not to be made one; `try_again` when an older one has
 * to be upgraded, or one that was dropped made again, while a registered process lives (R12).
 */
export async function migrate(db: Connection, options: MigrateOptions): Promise<Mark> {
  const { migrations = MIGRATIONS, create = true } = options
  const mark = await readMark(db, migrations.length)
  if (mark?.version === migrations.length) return mark
  if (mark === null) {
    await refuseForeign(db, options.init ?? false)
    if (!create) throw noQueueYet(db.address.label)
    // Before the lock, which wants the same of the server.
    await needEngine(db)
  }
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

async function upgrade(
  db: Connection,
  { is_alive, on_progress }: MigrateOptions,
  migrations: NonNullable<MigrateOptions['migrations']>,
): Promise<Mark> {
  // Another host may have done it between our look and our lock.
  const mark = (await readMark(db, migrations.length)) ?? { version: 0, store_id: randomWord(16) }
  if (mark.version === migrations.length) return mark
  await refuseWhileInUse(db, is_alive, mark.version === 0)
  const what = `making or upgrading the schema of ${db.address.label}`
  await withProgress(what, on_progress, () =>
    db.patiently(async (patient) => {
      for (const [index, migration] of migrations.entries()) {
        if (index < mark.version) continue
        await patient
          .call(() => migration(patient.db).catch((error) => refuseLack(db, error)))
          .catch((error) => refused(db, error))
        const done = { version: index + 1, store_id: mark.store_id }
        const set = { $set: { application: 'queuectl', ...done } }
        await db.call(() => db.models.meta.updateOne({ _id: 'schema' }, set, { upsert: true }))
      }
    }),
  )
  return { ...mark, version: migrations.length }
}

/** A limit on indexes, an index of the same name: what was made so far stays, and is taken up again. */
function refused({ address: { label } }: Connection, error: unknown): never {
  if (error instanceof QueuectlError) throw error
  throw misconfigured(
    `${label} cannot create collections and indexes: ${(error as Error).message}`,
    'queuectl makes its collections and indexes itself; let it, or name another database',
  )
}

/** `dropped`: the mark is gone, but those who knew it go on, with folders that bear its name. */
async function refuseWhileInUse(db: Connection, isAlive: MigrateOptions['is_alive'], dropped: boolean): Promise<void> {
  const processes = await db.call(() => db.models.processes.find().lean())
  const alive = processes.find(
    ({ identity, beat_at }) => isAlive(identity) || db.now() - beat_at.getTime() < FRESH_BEAT_MS,
  )
  if (!alive) return
  if (dropped) {
    throw tryAgain(
      `${db.address.label} was dropped while process ${alive.identity.pid} on ${alive.host} used it`,
      'stop the workers of all hosts first, by Ctrl-C or SIGTERM there',
    )
  }
  throw tryAgain(
    `${db.address.label} must be upgraded, but process ${alive.identity.pid} on ${alive.host} of an older queuectl uses it`,
    'stop the workers of all hosts first: queuectl worker stop',
  )
}
