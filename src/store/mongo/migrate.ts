import type { mongo } from 'mongoose'
import { misconfigured, noQueueYet, QueuectlError, tryAgain } from '../../domain/errors.ts'
import { newToken, randomWord } from '../../domain/ids.ts'
import type { ProcessIdentity } from '../../domain/processes.ts'
import { isSilent } from '../../domain/timing.ts'
import { type OnProgress, withProgress } from '../progress.ts'
import type { Connection } from './connection.ts'
import { needEngine, refuseLack } from './engine.ts'
import { withLock } from './lock.ts'
import { refuseForeign } from './ownership.ts'
import { MIGRATIONS } from './schema.ts'

/** The mark that queuectl leaves in a database. */
export interface Mark {
  version: number
  /** Never changes: names the folder of the database's logs on each host. */
  store_id: string
}

interface MigrateOptions {
  is_alive: (identity: ProcessIdentity) => boolean
  /** True: the user chose this database, so mark it even if it has collections of other programs. */
  init?: boolean
  /** Called with what takes long, and for how many seconds so far. */
  on_progress?: OnProgress
  /** False: do not create a queue in a database without a mark. */
  create?: boolean
  migrations?: readonly ((db: mongo.Db) => Promise<void>)[]
}

/**
 * Brings the database to the newest schema; any number of hosts may do so at once. Throws `configuration` if it belongs
 * to another program or to a newer queuectl, and does not change it then; `not_found` if it has no queue and `create`
 * is false; `try_again` if an older one must be upgraded, or a dropped one created again, while a registered process
 * lives (R12).
 */
export async function migrate(db: Connection, options: MigrateOptions): Promise<Mark> {
  const { migrations = MIGRATIONS, create = true } = options
  const mark = await readMark(db, migrations.length)
  if (mark?.version === migrations.length) return mark
  if (mark === null) {
    await refuseForeign(db, options.init ?? false)
    if (!create) throw noQueueYet(db.address.label)
    // Before the lock, whose write needs the same operators.
    await needEngine(db)
  }
  return withLock(db, newToken(), () => upgrade(db, options, migrations))
}

/** The database's mark; null: none. Throws `configuration` if a newer queuectl created it. */
export async function readMark(db: Connection, latest: number): Promise<Mark | null> {
  const mark = await db.call(() => db.models.meta.findOne({ _id: 'schema' }).lean())
  if (mark?._id !== 'schema' || mark.application !== 'queuectl') return null
  const { version, store_id } = mark
  if (version <= latest) return { version, store_id }
  throw misconfigured(
    `${db.address.label} has schema version ${version}; this queuectl knows versions up to ${latest}`,
    'use the newer queuectl that created it',
  )
}

async function upgrade(
  db: Connection,
  { is_alive, on_progress }: MigrateOptions,
  migrations: NonNullable<MigrateOptions['migrations']>,
): Promise<Mark> {
  // Another process may have done it before we got the lock.
  const mark = (await readMark(db, migrations.length)) ?? { version: 0, store_id: randomWord(16) }
  if (mark.version === migrations.length) return mark
  await refuseWhileInUse(db, is_alive, mark.version === 0)
  const what = `creating or upgrading the schema of ${db.address.label}`
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

/**
 * For example a limit on indexes, or another index of the same name. What was created stays, and the next try continues
 * from there.
 */
function refused({ address: { label } }: Connection, error: unknown): never {
  if (error instanceof QueuectlError) throw error
  throw misconfigured(
    `${label} cannot create collections and indexes: ${(error as Error).message}`,
    'queuectl creates them itself: remove the cause, or name another database',
  )
}

/** `dropped`: the mark is gone, but running processes still use the folders named after it. */
async function refuseWhileInUse(db: Connection, isAlive: MigrateOptions['is_alive'], dropped: boolean): Promise<void> {
  const processes = await db.call(() => db.models.processes.find().lean())
  const alive = processes.find(
    ({ identity, beat_at }) => isAlive(identity) || !isSilent(db.now() - beat_at.getTime(), { shared: true }),
  )
  if (!alive) return
  if (dropped) {
    throw tryAgain(
      `${db.address.label} was dropped while process ${alive.identity.pid} on ${alive.host} used it`,
      'stop the workers on all hosts first, with Ctrl-C or SIGTERM there',
    )
  }
  throw tryAgain(
    `${db.address.label} must be upgraded, but process ${alive.identity.pid} on ${alive.host} of an older queuectl uses it`,
    'stop the workers on all hosts first: queuectl worker stop',
  )
}
