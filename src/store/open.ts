import { fileURLToPath } from 'node:url'
import { misconfigured } from '../domain/errors.ts'
import { failedCheck } from '../domain/finding.ts'
import type { ProcessIdentity } from '../domain/process.ts'
import { withoutFileScheme } from '../domain/store-address.ts'
import type { Backup, BackupParams, Restored, RestoreParams } from './copies.ts'
import type { Examination, ExamineParams } from './examination.ts'
import type { JobStore, StoreRole } from './port.ts'

/** What opening a store takes, whichever adapter serves the address. */
export interface OpenParams {
  /** A file's path, also behind `sqlite:` or `file:`, or a `mongodb://` URL. */
  address: string
  role: StoreRole
  /** `full`: workers sync each of their commits too. */
  durability?: 'normal' | 'full'
  /** Folder in which a store without a file of its own gets one for its logs on this host: needed for MongoDB. */
  data_folder?: string
  /** False: a queue that is not there is not created, be it a file or the collections of a database. */
  create?: boolean
  /** Takes a database that holds other programs' collections: somebody said that it is meant. */
  init?: boolean
  /** Whether a registered process still lives: an upgrade of the schema waits until none does (R12). */
  is_alive: (identity: ProcessIdentity) => boolean
}

/**
 * Opens the store behind `address`, which is created when it is a file that is not there. Only the adapter that is needed is
 * loaded. Throws `configuration` (78) when the address or what lies there does not fit, `not_found` (3) for a queue that is not
 * to be created, `unreachable` (69), `io` (74), and `try_again` (75) when it is locked or an upgrade has to wait.
 */
export async function openStore(params: OpenParams): Promise<JobStore> {
  const { scheme, path } = parse(params.address)
  switch (scheme) {
    case 'file': {
      const { openSqlite } = await import('./sqlite/store.ts')
      return openSqlite({ ...params, path })
    }
    case 'mongodb':
    case 'mongodb+srv': {
      const { openMongo } = await import('./mongo/store.ts')
      return openMongo(params)
    }
    default:
      throw unknownScheme(scheme)
  }
}

/**
 * Writes a copy of the store as it is at one moment, while others use it or not; complete and checked, or nothing at all. Throws
 * `configuration` (78) for a store that is copied by tools of its own, and when it cannot be read; `invalid_input` (2) for a file
 * that may not be written over; `io` (74).
 */
export async function backupStore(params: BackupParams): Promise<Backup> {
  const { scheme, path } = parse(params.address)
  if (scheme !== 'file') return (await dumping(scheme)).refuseBackup(params.address)
  const { backupSqlite } = await import('./sqlite/backup.ts')
  return backupSqlite({ ...params, path })
}

/**
 * Puts a backup in the place of what the store holds, which is kept aside: all of it, or nothing happens. Jobs that were processing
 * are released. Throws `try_again` (75) while somebody uses the store, or may (R12), `configuration` (78) when the backup is none or
 * does not fit, and `io` (74).
 */
export async function restoreStore(params: RestoreParams): Promise<Restored> {
  const { scheme, path } = parse(params.address)
  if (scheme !== 'file') return (await dumping(scheme)).refuseRestore(params.address)
  const { restoreSqlite } = await import('./sqlite/restore.ts')
  return restoreSqlite({ ...params, path })
}

/** Looks at a store that may not be one, or not a whole one, and changes nothing. Never throws: what goes wrong is a finding. */
export async function examineStore(params: ExamineParams): Promise<Examination> {
  try {
    const { scheme, path } = parse(params.address)
    if (scheme === 'file') return await (await import('./sqlite/examine.ts')).examineSqlite({ path })
    if (/^mongodb/.test(scheme)) return await (await import('./mongo/examine.ts')).examineMongo(params)
    throw unknownScheme(scheme)
  } catch (error) {
    return { findings: [failedCheck('store', error)], usable: false, close: async () => {} }
  }
}

function dumping(scheme: string) {
  if (!/^mongodb/.test(scheme)) throw unknownScheme(scheme)
  return import('./mongo/dump.ts')
}

function unknownScheme(scheme: string) {
  return misconfigured(
    `there is no store for ${scheme}:// addresses`,
    'give a file, or a mongodb:// URL: --db queue.db',
  )
}

/** One letter before a colon is a Windows drive, not a scheme. */
function parse(address: string): { scheme: string; path: string } {
  if (address !== '' && !address.includes(':')) return { scheme: 'file', path: address }
  const [, scheme = 'file'] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(address) ?? []
  const name = scheme.toLowerCase()
  if (name !== 'file' && name !== 'sqlite') return { scheme: name, path: '' }
  const path = pathOf(address)
  if (path === '') throw misconfigured('the address of the store names no file', 'give one: --db queue.db')
  return { scheme: 'file', path }
}

function pathOf(address: string): string {
  if (/^file:\/\//i.test(address)) return fileUrlPath(address)
  return withoutFileScheme(address)
}

function fileUrlPath(address: string): string {
  try {
    return fileURLToPath(address)
  } catch {
    throw misconfigured(`"${address}" is not the URL of a local file`, 'give the path: --db queue.db')
  }
}
