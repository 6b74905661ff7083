import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { invalid, misconfigured } from '../domain/errors.ts'
import { FILE, isMistypedUrl } from '../domain/store-address.ts'
import { parseAddress } from '../store/address.ts'

/** Where the queue is, and where that was set. */
export interface StoreAddress {
  /**
   * An absolute path or a `mongodb://` URL with its password: to open or to pass to our own workers, never to print.
   */
  address: string
  origin: '--db' | 'QUEUECTL_DB' | 'MONGODB_URI' | 'QUEUECTL_HOME' | 'default'
  /** Whether the variable was set in `.env`, not in the environment. */
  from_env_file: boolean
}

/** What `.env` may set. Other variables of that prefix pass data between our processes and to jobs. */
const SETTABLE: ReadonlySet<string> = new Set([
  'QUEUECTL_DB',
  'QUEUECTL_HOME',
  'QUEUECTL_HOST_ID',
  'QUEUECTL_PLAIN_SPAWN',
  'QUEUECTL_DEBUG',
])

/**
 * The store that a command uses: `--db`, QUEUECTL_DB, MONGODB_URI, or the file in the data folder. `.env` in the
 * working folder counts for variables that the environment lacks. Its QUEUECTL_* variables are copied into the
 * environment, and `on_unknown` receives the names of those that it cannot set. Throws `configuration` (78) for an
 * unreadable `.env`, for an empty address, and inside a job from which a store's password is withheld. Throws
 * `invalid_input` (2) for a mistyped MongoDB URL, without showing it.
 */
export async function resolveAddress(
  option: string | undefined,
  on_unknown: (names: readonly string[]) => void,
): Promise<StoreAddress> {
  const file = readEnvFile(path.resolve('.env'))
  adopt(file)
  const unknown = Object.keys(file).filter((name) => /^QUEUECTL_\w{1,40}$/.test(name) && !SETTABLE.has(name))
  if (unknown.length > 0) on_unknown(unknown)
  if (option !== undefined) return { address: absolute(option), origin: '--db', from_env_file: false }
  const { QUEUECTL_DB, QUEUECTL_DB_WITHHELD, QUEUECTL_HOME, MONGODB_URI = file.MONGODB_URI } = process.env
  if (QUEUECTL_DB) {
    return { address: absolute(QUEUECTL_DB), origin: 'QUEUECTL_DB', from_env_file: QUEUECTL_DB === file.QUEUECTL_DB }
  }
  if (QUEUECTL_DB_WITHHELD) {
    throw misconfigured(
      'this job’s queue has a password, which is not passed to jobs',
      'use --db URL here, or start the workers with --pass-store',
    )
  }
  if (MONGODB_URI) {
    return {
      address: absolute(MONGODB_URI),
      origin: 'MONGODB_URI',
      from_env_file: process.env.MONGODB_URI === undefined,
    }
  }
  const { platform } = await import('../platform/platform.ts')
  return {
    address: path.join(platform.dataFolder(), 'queue.db'),
    origin: QUEUECTL_HOME ? 'QUEUECTL_HOME' : 'default',
    from_env_file: QUEUECTL_HOME !== undefined && QUEUECTL_HOME === file.QUEUECTL_HOME,
  }
}

function absolute(address: string): string {
  if (address === '') throw misconfigured('the store’s address is empty', 'set it to a file path or a mongodb:// URL')
  if (isMistypedUrl(address)) {
    throw invalid(
      'the store’s address looks like a mistyped MongoDB URL',
      'a URL begins with mongodb:// or mongodb+srv:// in small letters: mongodb://user:password@host:port/database',
    )
  }
  const { scheme, path: file } = parseAddress(address)
  // The store accepts or refuses other schemes.
  return scheme === FILE ? path.resolve(file) : address
}

function readEnvFile(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // A folder of that name is a Python environment, not ours.
    if (code === 'ENOENT' || code === 'EISDIR') return {}
    throw misconfigured(`cannot read ${file}: ${message}`, '.env may set QUEUECTL_* and MONGODB_URI; fix or remove it')
  }
}

function adopt(file: NodeJS.Dict<string>): void {
  for (const [name, value] of Object.entries(file)) {
    if (SETTABLE.has(name)) process.env[name] ??= value
  }
}
