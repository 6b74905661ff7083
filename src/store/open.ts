import { failedCheck } from '../domain/diagnosis.ts'
import { misconfigured } from '../domain/errors.ts'
import type { ProcessIdentity } from '../domain/processes.ts'
import { FILE } from '../domain/store-address.ts'
import { parseAddress } from './address.ts'
import type {
  Backup,
  BackupParams,
  Examination,
  ExamineParams,
  Restored,
  RestoreParams,
  StoreTools,
} from './maintenance.ts'
import type { JobStore, StoreRole } from './port.ts'
import type { OnProgress } from './progress.ts'

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
  /** Hears of a schema that takes long to be made. */
  on_progress?: OnProgress
  /** Whether a registered process still lives: an upgrade of the schema waits until none does (R12). */
  is_alive: (identity: ProcessIdentity) => boolean
}

/** A kind of store: a folder beside this file. Only the code that is needed is loaded. */
interface Adapter {
  /** Of its addresses, in small letters. */
  schemes: readonly string[]
  /** `path`: of its file, empty for one that is no file. */
  store(): Promise<{ open(params: OpenParams, path: string): Promise<JobStore> }>
  /** Apart, so that what is built for workers, which only open a store, is without them. */
  tools(): Promise<StoreTools>
}

/** Every kind of store. A new one is its folder and an entry here. */
const ADAPTERS: readonly Adapter[] = [
  { schemes: [FILE], store: () => import('./sqlite/store.ts'), tools: () => import('./sqlite/tools.ts') },
  {
    schemes: ['mongodb', 'mongodb+srv'],
    store: () => import('./mongo/store.ts'),
    tools: () => import('./mongo/tools.ts'),
  },
]

/**
 * Opens the store behind `address`, which is created when it is a file that is not there. Throws `configuration` (78) when the address
 * or what lies there does not fit, `not_found` (3) for a queue that is not to be created, `unreachable` (69), `io` (74), and `try_again` (75)
 * when it is locked or an upgrade has to wait.
 */
export async function openStore(params: OpenParams): Promise<JobStore> {
  const { adapter, path } = lookUp(params.address)
  return (await adapter.store()).open(params, path)
}

/**
 * Writes a copy of the store as it is at one moment, while others use it or not; complete and checked, or nothing at all. Throws
 * `configuration` (78) for a store that is copied by tools of its own, and when it cannot be read; `invalid_input` (2) for a file
 * that may not be written over; `io` (74).
 */
export async function backupStore(params: BackupParams): Promise<Backup> {
  const { adapter, path } = lookUp(params.address)
  return (await adapter.tools()).backup(params, path)
}

/**
 * Puts a backup in the place of what the store holds, which is kept aside: all of it, or nothing happens. Jobs that were processing
 * are released. Throws `try_again` (75) while somebody uses the store, or may (R12), `configuration` (78) when the backup is none or
 * does not fit, and `io` (74).
 */
export async function restoreStore(params: RestoreParams): Promise<Restored> {
  const { adapter, path } = lookUp(params.address)
  return (await adapter.tools()).restore(params, path)
}

/** Looks at a store that may not be one, or not a whole one, and changes nothing. Never throws: what goes wrong is a finding. */
export async function examineStore(params: ExamineParams): Promise<Examination> {
  try {
    const { adapter, path } = lookUp(params.address)
    return await (await adapter.tools()).examine(params, path)
  } catch (error) {
    return { findings: [failedCheck('store', error)], usable: false, close: async () => {} }
  }
}

function lookUp(address: string): { adapter: Adapter; path: string } {
  const { scheme, path } = parseAddress(address)
  const adapter = ADAPTERS.find(({ schemes }) => schemes.includes(scheme))
  if (adapter !== undefined) return { adapter, path }
  const urls = ADAPTERS.flatMap(({ schemes }) => schemes.slice(0, 1)).filter((known) => known !== FILE)
  const hint = `give a file, or a URL that begins with ${urls.map((known) => `${known}://`).join(' or ')}`
  throw misconfigured(`there is no store for ${scheme}:// addresses`, hint)
}
