import { existsSync, mkdirSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { invalid, misconfigured, notFound, QueuectlError, tryAgain } from '../../domain/errors.ts'
import { decide } from '../../domain/outcome.ts'
import type { Restored, RestoreParams } from '../maintenance.ts'
import type { JobStore } from '../port.ts'
import { damagesOf, isSameFile, makeTemporary } from './backup.ts'
import { Connection } from './connection.ts'
import { domainError, fileError, isBusy, RECOVER } from './errors.ts'
import { migrate, versionOf } from './migrate.ts'
import { refuseWhileUsed, replaceContents, swapFiles } from './replace.ts'
import { MIGRATIONS } from './schema.ts'
import { storeOn } from './store.ts'

type Params = Omit<RestoreParams, 'address'> & { path: string }

/**
 * Replaces the store at `path` by the backup in `file`. The backup is prepared in a copy; then the store takes over its
 * content in one transaction, so that processes that have it open go on with the new content. Files are swapped only
 * when the store cannot be read.
 */
export async function restoreSqlite({ path: given, file: wanted, ...use }: Params): Promise<Restored> {
  const [path, file] = [resolve(given), resolve(wanted)]
  if (!existsSync(file)) throw notFound(`no backup at ${file}`, 'queuectl backup FILE creates one')
  if (!statSync(file).isFile()) throw invalid(`${file} is not a file`, 'name the backup to restore')
  if (isSameFile(path, file)) throw invalid(`${file} is the queue itself`, 'name the backup to restore')
  makeFolder(path)
  const ready = makeTemporary(path)
  try {
    const prepared = await prepare(file, ready.path)
    const store = new Connection(path, 'command')
    try {
      const trouble = await troubleWith(store)
      if (trouble === null) {
        return { ...prepared, aside: await replaceContents(store, { ready: ready.path, asideOf, ...use }) }
      }
      await store.attempt(() => readable(() => refuseWhileUsed(store, use)))
      if (!use.force) throw cannotTell(path, trouble)
    } finally {
      store.close()
    }
    const aside = asideOf(path)
    swapFiles(path, ready, aside)
    return { ...prepared, aside }
  } finally {
    ready.remove()
  }
}

/** A copy of the backup as a store of the newest schema in which nothing runs. */
async function prepare(file: string, copy: string): Promise<{ jobs: number; released: number }> {
  const backup = new Connection(file, 'command')
  try {
    const version = await backup.read(() => versionOf(backup, MIGRATIONS.length))
    if (version === 0) throw misconfigured(`${file} is empty, not a backup of a queue`)
    const [damage] = await backup.attempt(() => damagesOf(backup))
    if (damage !== undefined) throw misconfigured(`${file} is damaged: ${damage}`, RECOVER)
    await backup.copyTo(copy)
  } finally {
    backup.close()
  }
  const db = new Connection(copy, 'command')
  try {
    await db.configure()
    const released = await release(storeOn(db, await migrate(db, () => false)))
    await db.write(() => db.exec('DELETE FROM processes; DELETE FROM controls; DELETE FROM samples'))
    return { released, jobs: Number(db.get('SELECT count(*) AS jobs FROM jobs')?.jobs) }
  } finally {
    db.close()
  }
}

/** Runs from the time of the backup no longer exist, and did not fail (R12). */
async function release(store: JobStore): Promise<number> {
  const jobs = await store.processing()
  for (const job of jobs) {
    const settlement = decide(job, { kind: 'released', cause: 'restored' })
    const run = { worker: job.processing_by ?? '', host: hostname(), run_ms: null }
    await store.settle({ id: job.id, token: job.lease_token ?? '', settlement, run })
  }
  return jobs.length
}

/**
 * Why the store cannot take over other content; null: it can. Throws when it belongs to another program, or is busy.
 */
async function troubleWith(store: Connection): Promise<string | null> {
  const { path } = store
  const version = await store.read(() => readable(() => versionOf(store, Number.MAX_SAFE_INTEGER), path))
  if (typeof version === 'string') return version
  if (version > MIGRATIONS.length) return `${path} has schema version ${version} of a newer queuectl`
  if (version === 0) return null
  return store.attempt(() =>
    readable(() => {
      const [damage] = damagesOf(store)
      return damage === undefined ? null : `${path} is damaged: ${damage}`
    }, path),
  )
}

/** The result of `look`, or a text that says why it failed. */
function readable<T>(look: () => T, path = ''): T | string {
  try {
    return look()
  } catch (error) {
    if (error instanceof QueuectlError || isBusy(error)) throw error
    return (domainError(error, path) as Error).message
  }
}

function cannotTell(path: string, trouble: string) {
  return tryAgain(
    `${trouble}: cannot check whether workers use it`,
    `make sure that none runs on ${path}, then restore with --force; the old file is kept`,
  )
}

/** A path next to the store for its old content. */
function asideOf(path: string): string {
  const name = `${path}.before-restore-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`
    if (!existsSync(candidate)) return candidate
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw fileError(error as NodeJS.ErrnoException, path)
  }
}
