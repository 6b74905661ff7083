import { existsSync, linkSync, renameSync } from 'node:fs'
import { tryAgain } from '../../domain/errors.ts'
import type { AnyProcess } from '../../domain/processes.ts'
import { isSilent } from '../../domain/timing.ts'
import type { RestoreParams } from '../maintenance.ts'
import { backupSqlite } from './backup.ts'
import type { Connection } from './connection.ts'
import { migrate, setVersion, versionOf } from './migrate.ts'
import { toProcess } from './registry.ts'
import { MIGRATIONS } from './schema.ts'
import { COMPANIONS, type Temporary } from './temporary.ts'

type Use = Pick<RestoreParams, 'force' | 'liveness'>

/**
 * Replaces the content of `store` by that of the store in the file `ready`, in one transaction that first checks for
 * users (R12). The old content is copied aside under the same lock, so that every accepted job is in one of the two.
 * Returns the path of that copy, as `asideOf` names it; null: the store was empty.
 */
export async function replaceContents(
  store: Connection,
  { ready, asideOf, ...use }: Use & { ready: string; asideOf: (path: string) => string },
): Promise<string | null> {
  await store.configure()
  const existed = (await store.read(() => versionOf(store, MIGRATIONS.length))) > 0
  if (!existed) await migrate(store, () => false)
  let aside: string | null = null
  store.run('ATTACH ? AS ready', ready)
  await store.writeSlowly(async () => {
    refuseWhileUsed(store, use)
    // Other processes may have begun to use a store that was just created.
    if (existed || store.get('SELECT 1 FROM main.jobs UNION ALL SELECT 1 FROM main.config LIMIT 1')) {
      // Named only now: another restore may have used the name before.
      aside = asideOf(store.path)
      await backupSqlite({ path: store.path, file: aside, replace: false })
    }
    const names = tables(store)
    for (const name of names) store.exec(`DROP TABLE IF EXISTS main.${name}`)
    for (const script of MIGRATIONS) store.exec(script)
    // Triggers maintain the counters.
    for (const name of names) if (name !== 'counters') fill(store, name)
    store.exec(`
      DELETE FROM main.sqlite_sequence WHERE name = 'jobs';
      INSERT INTO main.sqlite_sequence SELECT name, seq FROM ready.sqlite_sequence WHERE name = 'jobs'`)
    setVersion(store, MIGRATIONS.length)
  })
  return aside
}

/**
 * Throws `try_again` while a registered process is alive, or while a run of a dead owner may go on, which would soon
 * run twice.
 */
export function refuseWhileUsed(store: Connection, { force, liveness }: Use): void {
  const rows: AnyProcess[] = store.all('SELECT * FROM processes').map(toProcess)
  const alive = rows.find(({ identity, beat_at }) => {
    const life = liveness(identity)
    // If its host cannot be checked from here, only its heartbeats count.
    return life === 'alive' || (life === 'elsewhere' && !isSilent(Date.now() - beat_at, { shared: true }))
  })
  if (alive) {
    const { kind, id, host, identity } = alive
    throw tryAgain(`${kind} ${id} (pid ${identity.pid} on ${host}) uses ${store.path}`, STOP)
  }
  const job = force ? undefined : store.get(`SELECT id FROM jobs WHERE state = 'processing' LIMIT 1`)
  if (job) {
    const hint = 'queuectl worker stop ends runs of dead workers; --force assumes that it has ended'
    throw tryAgain(`the run of job ${job.id} may not have ended`, hint)
  }
}

const STOP = 'stop the workers first: queuectl worker stop'

/** Our tables, as listed in the store that replaces them: objects that others added to this file stay. */
function tables(store: Connection): string[] {
  const ours = `SELECT name FROM ready.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite#_%' ESCAPE '#'`
  return store.all(ours).map(({ name }) => String(name))
}

function fill(store: Connection, table: string): void {
  const columns = store.all('SELECT name FROM pragma_table_info(?, ?)', table, 'main').map(({ name }) => name)
  store.exec(`INSERT INTO main.${table} (${columns}) SELECT ${columns} FROM ready.${table}`)
}

/**
 * Replaces the file at `path`, which cannot be read, by `ready`, and keeps the old file at `aside` with its companions.
 * A link comes first, so that a queue exists at `path` at every moment.
 */
export function swapFiles(path: string, ready: Temporary, aside: string): void {
  try {
    linkSync(path, aside)
  } catch {
    // This file system has no links.
    renameSync(path, aside)
  }
  for (const end of COMPANIONS) if (existsSync(path + end)) renameSync(path + end, aside + end)
  ready.place(true)
}
