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

/** Parameters of opening a store, for every adapter. */
export interface OpenParams {
  /** A file's path, with or without `sqlite:` or `file:`, or a `mongodb://` URL. */
  address: string
  role: StoreRole
  /** `full`: workers sync each of their commits too. */
  durability?: 'normal' | 'full'
  /** Folder in which a store that is not a file gets a folder for its logs on this host: required for MongoDB. */
  data_folder?: string
  /** False: a queue that does not exist is not created, neither a file nor the collections of a database. */
  create?: boolean
  /** Accept a database with collections of other programs: the user has confirmed it. */
  init?: boolean
  /** Called while creating the schema takes long. */
  on_progress?: OnProgress
  /** Whether a registered process is alive: an upgrade of the schema waits until none is (R12). */
  is_alive: (identity: ProcessIdentity) => boolean
}

/** A kind of store, in a folder next to this file. Only the required code is loaded. */
interface Adapter {
  /** Schemes of its addresses, in lower case. */
  schemes: readonly string[]
  /** `path`: of its file, empty for a store that is not a file. */
  store(): Promise<{ open(params: OpenParams, path: string): Promise<JobStore> }>
  /** Separate, so that bundles for workers, which only open a store, omit them. */
  tools(): Promise<StoreTools>
}

/** Every kind of store. A new one takes a folder and an entry here. */
const ADAPTERS: readonly Adapter[] = [
  { schemes: [FILE], store: () => import('./sqlite/store.ts'), tools: () => import('./sqlite/tools.ts') },
  {
    schemes: ['mongodb', 'mongodb+srv'],
    store: () => import('./mongo/store.ts'),
    tools: () => import('./mongo/tools.ts'),
  },
]

/**
 * Opens the store at `address`, and creates it if it is a file that does not exist. Throws `configuration` (78) when
 * the address or what exists there does not fit, `not_found` (3) for a missing queue that may not be created,
 * `unreachable` (69), `io` (74), and `try_again` (75) when it is locked or an upgrade has to wait.
 */
export async function openStore(params: OpenParams): Promise<JobStore> {
  const { adapter, path } = lookUp(params.address)
  return (await adapter.store()).open(params, path)
}

/**
 * Writes a copy of the store as it is at one moment, whether others use it or not; complete and checked, or nothing at
 * all. Throws `configuration` (78) for a store that has its own backup tools, or that cannot be read; `invalid_input`
 * (2) for a file that may not be overwritten; `io` (74).
 */
export async function backupStore(params: BackupParams): Promise<Backup> {
  const { adapter, path } = lookUp(params.address)
  return (await adapter.tools()).backup(params, path)
}

/**
 * Replaces the content of the store by a backup and keeps the old content: all of it, or nothing happens. Jobs that
 * were processing are released. Throws `try_again` (75) while the store is in use, or may be (R12), `configuration`
 * (78) when the file is not a backup or does not fit, and `io` (74).
 */
export async function restoreStore(params: RestoreParams): Promise<Restored> {
  const { adapter, path } = lookUp(params.address)
  return (await adapter.tools()).restore(params, path)
}

/** Examines a store that may be missing or damaged, and changes nothing. Never throws: an error becomes a finding. */
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
  const hint = `use a file, or a URL that begins with ${urls.map((known) => `${known}://`).join(' or ')}`
  throw misconfigured(`unsupported store address ${scheme}://`, hint)
}
