import { lstatSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { misconfigured } from '../../domain/errors.ts'
import type { OpenParams } from '../open.ts'
import type { JobStore } from '../port.ts'
import { changing } from './changes.ts'
import { claiming } from './claim.ts'
import { Connection } from './connection.ts'
import { configuring, controlling } from './controls.ts'
import { refuseAbsent } from './file.ts'
import { historyReads } from './history.ts'
import { inserting } from './insert.ts'
import { leasing } from './leases.ts'
import { listing } from './list.ts'
import { migrate } from './migrate.ts'
import { reading } from './reads.ts'
import { registering } from './registry.ts'
import { MIGRATIONS } from './schema.ts'
import { settling } from './settle.ts'
import { watchCommits } from './watch.ts'

/**
 * Older versions may lose commits: a race of checkpoints in WAL mode, fixed in this release
 * (https://sqlite.org/wal.html#walresetbug).
 */
const OLDEST_SQLITE = '3.51.3'

/**
 * Opens the store in the file at `given`, and creates the file if it does not exist. Throws what `openStore` throws.
 */
export async function open(params: Omit<OpenParams, 'address'>, given: string): Promise<JobStore> {
  checkEngine(process.versions.sqlite)
  const path = fileBehind(resolve(given))
  if (params.create === false) refuseAbsent(path)
  const db = new Connection(path, params.role, params.durability)
  try {
    if (params.role === 'supervisor') refuseEverybody(path)
    await db.configure()
    return storeOn(db, await migrate(db, params.is_alive, MIGRATIONS, params.create))
  } catch (error) {
    db.close()
    throw error
  }
}

/** The store on an open connection; `schema_version` is that of its file. */
export function storeOn(db: Connection, schema_version: number): JobStore {
  const watches = new Set<{ close(): void }>()
  return {
    info: {
      kind: 'sqlite',
      label: db.path,
      folder: `${db.path}.d`,
      paths: [db.path, `${db.path}.d`],
      shared: false,
      runs_kept: null,
      schema_version,
      engine: `SQLite ${process.versions.sqlite}`,
    },
    now: () => Date.now(),
    ...inserting(db),
    ...reading(db),
    ...listing(db),
    ...historyReads(db),
    ...claiming(db),
    ...settling(db),
    ...leasing(db),
    ...changing(db),
    keepOutputs: async () => {},
    output: async () => null,
    ...registering(db),
    ...controlling(db),
    ...configuring(db),
    watch({ on_change }) {
      const watch = watchCommits(db, on_change)
      watches.add(watch)
      return watch
    },
    syncEveryCommit: () => db.syncEveryCommit(),
    async close() {
      for (const watch of watches) watch.close()
      db.close()
    },
  }
}

/**
 * The target of a link: logs and the journal are next to the file, and must be the same ones for each of its names. A
 * broken link is refused, since SQLite would create the file, readable by others.
 */
function fileBehind(path: string): string {
  if (!isLink(path)) return path
  try {
    return realpathSync(path)
  } catch (error) {
    throw misconfigured(`${path} is a broken link (${(error as NodeJS.ErrnoException).code})`, 'remove it')
  }
}

/** What cannot be checked here cannot be opened either, and opening it reports why. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
  } catch {
    return false
  }
}

/** A queue file that any user may write to allows any user to run commands as the owner of its workers. */
function refuseEverybody(path: string): void {
  if (process.getuid === undefined || (statSync(path).mode & 0o002) === 0) return
  throw misconfigured(
    `any user may write to ${path}, and so run commands as the user who starts workers`,
    `chmod o-w ${path}`,
  )
}

function checkEngine(version = '0'): void {
  const number = (text: string) => text.split('.').reduce((sum, part) => sum * 1000 + Number(part), 0)
  if (number(version) >= number(OLDEST_SQLITE)) return
  throw misconfigured(`SQLite ${version} is too old: ${OLDEST_SQLITE} or later is required`, 'use Node 26 or later')
}
