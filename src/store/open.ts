import { failedCheck } from '../domain/diagnosis.ts'
import { misconfigured } from '../domain/errors.ts'
import type { ProcessIdentity } from '../domain/processes.ts'
import { parseAddress } from './address.ts'
import type { Backup, BackupParams, Examination, ExamineParams, Restored, RestoreParams } from './maintenance.ts'
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
  /** False: a file that is not there is not made. */
  create?: boolean
  /** Takes a database that holds other programs' collections: somebody said that it is meant. */
  init?: boolean
  /** Whether a registered process still lives: an upgrade of the schema waits until none does (R12). */
  is_alive: (identity: ProcessIdentity) => boolean
}

/** Opens a store; `path`: of its file, empty for one that is no file. */
type Open = (params: OpenParams, path: string) => Promise<JobStore>

const openFile: Open = async (params, path) => (await import('./sqlite/store.ts')).openSqlite({ ...params, path })
const openServer: Open = async (params) => (await import('./mongo/store.ts')).openMongo(params)

/** Every store by the scheme of its addresses. Only the code that is needed is loaded. */
const STORES: Readonly<Record<string, Open>> = { file: openFile, mongodb: openServer, 'mongodb+srv': openServer }

/** What else can be done with a store. */
interface Tools {
  examine(params: ExamineParams, path: string): Promise<Examination>
  backup(params: BackupParams, path: string): Promise<Backup>
  restore(params: RestoreParams, path: string): Promise<Restored>
}

const FILE_TOOLS: Tools = {
  examine: async (_params, path) => (await import('./sqlite/examine.ts')).examineSqlite({ path }),
  backup: async (params, path) => (await import('./sqlite/backup.ts')).backupSqlite({ ...params, path }),
  restore: async (params, path) => (await import('./sqlite/restore.ts')).restoreSqlite({ ...params, path }),
}

const SERVER_TOOLS: Tools = {
  examine: async (params) => (await import('./mongo/examine.ts')).examineMongo(params),
  backup: async ({ address }) => (await import('./mongo/dump.ts')).refuseBackup(address),
  restore: async ({ address }) => (await import('./mongo/dump.ts')).refuseRestore(address),
}

/** The tools of every store. Apart from `STORES`, so that what is built for workers, which only open one, is without them. */
const TOOLS: Readonly<Record<string, Tools>> = { file: FILE_TOOLS, mongodb: SERVER_TOOLS, 'mongodb+srv': SERVER_TOOLS }

/**
 * Opens the store behind `address`, which is created when it is a file that is not there. Throws `configuration` (78) when the address
 * or what lies there does not fit, `not_found` (3) for a file that is not to be made, `unreachable` (69), `io` (74), and `try_again` (75)
 * when it is locked or an upgrade has to wait.
 */
export async function openStore(params: OpenParams): Promise<JobStore> {
  const { found: open, path } = lookUp(STORES, params.address)
  return open(params, path)
}

/**
 * Writes a copy of the store as it is at one moment, while others use it or not; complete and checked, or nothing at all. Throws
 * `configuration` (78) for a store that is copied by tools of its own, and when it cannot be read; `invalid_input` (2) for a file
 * that may not be written over; `io` (74).
 */
export async function backupStore(params: BackupParams): Promise<Backup> {
  const { found: tools, path } = lookUp(TOOLS, params.address)
  return tools.backup(params, path)
}

/**
 * Puts a backup in the place of what the store holds, which is kept aside: all of it, or nothing happens. Jobs that were processing
 * are released. Throws `try_again` (75) while somebody uses the store, or may (R12), `configuration` (78) when the backup is none or
 * does not fit, and `io` (74).
 */
export async function restoreStore(params: RestoreParams): Promise<Restored> {
  const { found: tools, path } = lookUp(TOOLS, params.address)
  return tools.restore(params, path)
}

/** Looks at a store that may not be one, or not a whole one, and changes nothing. Never throws: what goes wrong is a finding. */
export async function examineStore(params: ExamineParams): Promise<Examination> {
  try {
    const { found: tools, path } = lookUp(TOOLS, params.address)
    return await tools.examine(params, path)
  } catch (error) {
    return { findings: [failedCheck('store', error)], usable: false, close: async () => {} }
  }
}

function lookUp<T>(table: Readonly<Record<string, T>>, address: string): { found: T; path: string } {
  const { scheme, path } = parseAddress(address)
  const found = Object.hasOwn(table, scheme) ? table[scheme] : undefined
  if (found !== undefined) return { found, path }
  throw misconfigured(`there is no store for ${scheme}:// addresses`, 'give a file, or a mongodb:// URL: --db queue.db')
}
