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
 * Puts the content of the store in the file `ready` in the place of what is in `store`, in one transaction that begins with a look at
 * who uses it (R12). What was there is copied aside under the same lock, so that nothing that was accepted is in neither of the two.
 * Returns where to, as `asideOf` names it; null: nothing was there.
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
    // What was made just now others may have begun to use.
    if (existed || store.get('SELECT 1 FROM main.jobs UNION ALL SELECT 1 FROM main.config LIMIT 1')) {
      // Named now: another restore may have taken the name before.
      aside = asideOf(store.path)
      await backupSqlite({ path: store.path, file: aside, replace: false })
    }
    const names = tables(store)
    for (const name of names) store.exec(`DROP TABLE IF EXISTS main.${name}`)
    for (const script of MIGRATIONS) store.exec(script)
    // The counters are kept by triggers.
    for (const name of names) if (name !== 'counters') fill(store, name)
    store.exec(`
      DELETE FROM main.sqlite_sequence WHERE name = 'jobs';
      INSERT INTO main.sqlite_sequence SELECT name, seq FROM ready.sqlite_sequence WHERE name = 'jobs'`)
    setVersion(store, MIGRATIONS.length)
  })
  return aside
}

/** Throws `try_again` while a registered process lives, or a run may go on whose owner is dead: it would soon have a twin. */
export function refuseWhileUsed(store: Connection, { force, liveness }: Use): void {
  const rows: AnyProcess[] = store.all('SELECT * FROM processes').map(toProcess)
  const alive = rows.find(({ identity, beat_at }) => {
    const life = liveness(identity)
    // Where it cannot be looked at from here only its heartbeats tell.
    return life === 'alive' || (life === 'elsewhere' && !isSilent(Date.now() - beat_at, { shared: true }))
  })
  if (alive) {
    const { kind, id, host, identity } = alive
    throw tryAgain(`${kind} ${id} (pid ${identity.pid} on ${host}) uses ${store.path}`, STOP)
  }
  const job = force ? undefined : store.get(`SELECT id FROM jobs WHERE state = 'processing' LIMIT 1`)
  if (job) {
    const hint = 'queuectl worker stop ends what dead workers left; --force takes it for ended'
    throw tryAgain(`nobody has seen the run of job ${job.id} end`, hint)
  }
}

const STOP = 'stop the workers first: queuectl worker stop'

/** Our tables, by the word of the store that takes their place: what somebody added to this file stays. */
function tables(store: Connection): string[] {
  const ours = `SELECT name FROM ready.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite#_%' ESCAPE '#'`
  return store.all(ours).map(({ name }) => String(name))
}

function fill(store: Connection, table: string): void {
  const columns = store.all('SELECT name FROM pragma_table_info(?, ?)', table, 'main').map(({ name }) => name)
  store.exec(`INSERT INTO main.${table} (${columns}) SELECT ${columns} FROM ready.${table}`)
}

/**
 * Puts `ready` in the place of the file at `path`, which nobody can read, and keeps that one at `aside` with its companions. A link
 * first, so that there is a queue at `path` at every moment.
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
