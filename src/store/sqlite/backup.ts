import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EXIT, invalid, misconfigured, QueuectlError } from '../../domain/errors.ts'
import type { Backup, BackupParams } from '../maintenance.ts'
import { Connection } from './connection.ts'
import { domainError, fileError, isDamaged, RECOVER } from './errors.ts'
import { refuseAbsent, sizeOf } from './file.ts'
import { versionOf } from './migrate.ts'
import { MIGRATIONS } from './schema.ts'
import { alreadyExists, Temporary } from './temporary.ts'

const DAMAGES_SHOWN = 5

type Params = Omit<BackupParams, 'address'> & { path: string }

/** Writes a copy of the store at `path`: one file, checked and synced to disk before it gets its name. */
export async function backupSqlite({ path: given, file: wanted, replace }: Params): Promise<Backup> {
  const [path, file] = [resolve(given), resolve(wanted)]
  refuseAbsent(path)
  if (isSameFile(path, file)) throw invalid(`${file} is the queue itself`, 'choose another name for the backup')
  const there = lstatSync(file, { throwIfNoEntry: false })
  if (there && !there.isFile()) throw invalid(`${file} is not a plain file`, 'choose another name')
  if (there && !replace) throw alreadyExists(file)
  const source = new Connection(path, 'command')
  try {
    const schema_version = await source.read(() => versionOf(source, MIGRATIONS.length))
    if (schema_version === 0) throw misconfigured(`nothing to back up: ${path} is empty`)
    const temporary = makeTemporary(file)
    try {
      await source.copyTo(temporary.path)
      const jobs = await checkCopy(temporary.path, path)
      if (there) await closeLog(file)
      refuseLog(file)
      temporary.place(replace)
      return { file, bytes: statSync(file).size, jobs, schema_version }
    } catch (error) {
      throw asDomain(error, file)
    } finally {
      temporary.remove()
    }
  } finally {
    source.close()
  }
}

/** Moves the content of a database's log into the database. Throws `try_again` when another process uses it. */
async function closeLog(file: string): Promise<void> {
  let db: Connection | null = null
  try {
    db = new Connection(file, 'command')
    await db.attempt(dropLog.bind(null, db))
  } catch (error) {
    // Whatever it is otherwise, it is about to be overwritten.
    if (error instanceof QueuectlError && error.exit_code === EXIT.try_again) throw error
  } finally {
    db?.close()
  }
}

function dropLog(db: Connection): void {
  db.get('PRAGMA journal_mode = DELETE')
}

/**
 * Throws `invalid_input` when the log of another database exists next to `file`: SQLite would read it into the backup.
 */
function refuseLog(file: string): void {
  const log = ['-wal', '-journal'].map((end) => file + end).find((at) => sizeOf(at) > 0)
  if (log !== undefined)
    throw invalid(`${log} is the log of another database`, 'move it away with its file, or choose another name')
}

/** A temporary file next to `target`. Throws `io` or `configuration` when it cannot be created. */
export function makeTemporary(target: string): Temporary {
  try {
    return new Temporary(target)
  } catch (error) {
    throw fileError(error as NodeJS.ErrnoException, target)
  }
}

/** Whether both names lead to the same file, through any links. */
export function isSameFile(a: string, b: string): boolean {
  return real(a) === real(b)
}

/** The first damages in the database on `db`; none: it is intact. */
export function damagesOf(db: Connection): string[] {
  try {
    const lines = db.all(`PRAGMA integrity_check(${DAMAGES_SHOWN})`).map((row) => String(row.integrity_check))
    // A line may contain several; the first part only names the database.
    return lines.flatMap((line) => line.split('\n')).filter((line) => line !== 'ok' && !line.startsWith('***'))
  } catch (error) {
    if (isDamaged(error)) return [(error as Error).message]
    throw error
  }
}

/** Checks the copy in `file` and makes it a single file without companions. Returns how many jobs it contains. */
async function checkCopy(file: string, path: string): Promise<number> {
  const copy = new Connection(file, 'command')
  try {
    return await copy.attempt(() => {
      const [damage] = damagesOf(copy)
      if (damage !== undefined) throw misconfigured(`${path} is damaged: ${damage}`, RECOVER)
      // A separate log would have to be copied along with it.
      dropLog(copy)
      return Number(copy.get('SELECT count(*) AS jobs FROM jobs')?.jobs)
    })
  } finally {
    copy.close()
  }
}

function asDomain(error: unknown, file: string): unknown {
  if (error instanceof QueuectlError || !(error instanceof Error)) return error
  return 'syscall' in error ? fileError(error as NodeJS.ErrnoException, file) : domainError(error, file)
}

function real(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return existsSync(dirname(file)) ? join(realpathSync(dirname(file)), basename(file)) : file
  }
}
