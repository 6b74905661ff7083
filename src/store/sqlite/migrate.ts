import { misconfigured, noQueueYet, tryAgain } from '../../domain/errors.ts'
import type { ProcessIdentity } from '../../domain/processes.ts'
import type { Connection } from './connection.ts'
import { toProcess } from './registry.ts'
import { MIGRATIONS } from './schema.ts'

/** Marks a file as ours: "qctl". */
const APPLICATION_ID = 0x7163746c

/**
 * Upgrades the file to the newest schema; any number of processes may do so at once. Returns the version. Throws
 * `configuration` for the file of another program or of a newer queuectl, and does not change it; `not_found` for an
 * empty one unless `create`; `try_again` when an older file must be upgraded while a registered process is alive (R12).
 */
export async function migrate(
  db: Connection,
  isAlive: (identity: ProcessIdentity) => boolean,
  migrations: readonly string[] = MIGRATIONS,
  create = true,
): Promise<number> {
  const latest = migrations.length
  const found = await db.read(() => versionOf(db, latest))
  if (found === 0 && !create) throw noQueueYet(db.path)
  await db.attempt(() => useWal(db))
  if (found === latest) return latest
  await db.write(() => upgrade(db, isAlive, migrations), { durable: true })
  return latest
}

/**
 * Version of the schema; 0: an empty file. Call it in a transaction: between two queries another process may create the
 * schema, and a mix of before and after would look like another program's database. Throws `configuration` for such a
 * database, or for that of a newer queuectl.
 */
export function versionOf(db: Connection, latest: number): number {
  const application = Number(db.get('PRAGMA application_id')?.application_id)
  const version = Number(db.get('PRAGMA user_version')?.user_version)
  if (application === APPLICATION_ID && version <= latest) return version
  if (application === APPLICATION_ID) {
    throw misconfigured(
      `${db.path} has schema version ${version}; this queuectl knows versions up to ${latest}`,
      'use the newer queuectl that created it',
    )
  }
  const empty = application === 0 && version === 0 && !db.get('SELECT 1 FROM sqlite_schema LIMIT 1')
  if (empty) return 0
  throw misconfigured(`${db.path} is the database of another program`, 'choose another file with --db')
}

function useWal(db: Connection): void {
  const mode = db.get('PRAGMA journal_mode = WAL')?.journal_mode
  if (mode !== 'wal') throw misconfigured(`${db.path} cannot use a write-ahead log here`, 'put it on a local disk')
}

function upgrade(db: Connection, isAlive: (identity: ProcessIdentity) => boolean, migrations: readonly string[]): void {
  // Another process may have done it between our check and our lock.
  const version = versionOf(db, migrations.length)
  if (version === migrations.length) return
  if (version > 0) refuseWhileInUse(db, isAlive)
  for (const script of migrations.slice(version)) db.exec(script)
  setVersion(db, migrations.length)
}

/** Marks the file as a queue of that version. */
export function setVersion(db: Connection, version: number): void {
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`)
}

function refuseWhileInUse(db: Connection, isAlive: (identity: ProcessIdentity) => boolean): void {
  const identities = db.all('SELECT * FROM processes').map((row) => toProcess(row).identity)
  const alive = identities.find(isAlive)
  if (!alive) return
  throw tryAgain(
    `${db.path} must be upgraded, but process ${alive.pid} of an older queuectl uses it`,
    'stop the workers first: queuectl worker stop',
  )
}
