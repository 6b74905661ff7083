import { fileURLToPath } from 'node:url'
import { misconfigured } from '../domain/errors.ts'
import type { ProcessIdentity } from '../domain/process.ts'
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
  /** Takes a database that holds other programs' collections: somebody said that it is meant. */
  init?: boolean
  /** Whether a registered process still lives: an upgrade of the schema waits until none does (R12). */
  is_alive: (identity: ProcessIdentity) => boolean
}

/**
 * Opens the store behind `address`, which is created when it is a file that is not there. Only the adapter that is needed is
 * loaded. Throws `configuration` (78) when the address or what lies there does not fit, `unreachable` (69), `io` (74), and
 * `try_again` (75) when it is locked or an upgrade has to wait.
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
      throw misconfigured(
        `there is no store for ${scheme}:// addresses`,
        'give a file, or a mongodb:// URL: --db queue.db',
      )
  }
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
  return address.replace(/^(?:sqlite|file):(?:\/\/(?=\/|[a-z]:))?/i, '')
}

function fileUrlPath(address: string): string {
  try {
    return fileURLToPath(address)
  } catch {
    throw misconfigured(`"${address}" is not the URL of a local file`, 'give the path: --db queue.db')
  }
}
