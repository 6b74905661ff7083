import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { misconfigured } from '../domain/errors.ts'
import { parseAddress } from '../store/address.ts'

/** Where the queue is, and who said so. */
export interface StoreAddress {
  /** An absolute path or a `mongodb://` URL, password included: to be opened or handed to our own workers, never printed. */
  address: string
  origin: '--db' | 'QUEUECTL_DB' | 'MONGODB_URI' | 'QUEUECTL_HOME' | 'default'
  /** The variable stood in `.env`, not in the environment. */
  from_env_file: boolean
}

/** What `.env` may set; others of that prefix are what our processes and jobs tell each other. */
const SETTABLE: ReadonlySet<string> = new Set([
  'QUEUECTL_DB',
  'QUEUECTL_HOME',
  'QUEUECTL_HOST_ID',
  'QUEUECTL_PLAIN_SPAWN',
  'QUEUECTL_DEBUG',
])

/**
 * The store that a command is for: `--db`, QUEUECTL_DB, MONGODB_URI, or the data folder's own file. `.env` in the working folder
 * counts for variables that the environment does not have; its QUEUECTL_* ones are taken over into it, and `on_unknown` hears of those
 * that it cannot set. Throws `configuration` (78) for an unreadable `.env`, an address that names no file, and inside a job whose store has a password that was
 * withheld from it.
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
      'this job’s queue has a password, which is not handed to jobs',
      'give --db URL here, or start the workers with --pass-store',
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
  if (address === '') throw misconfigured('the store’s address is empty', 'give a file’s path or a mongodb:// URL')
  const { scheme, path: file } = parseAddress(address)
  // Another scheme is the store's to know or to refuse.
  return scheme === 'file' ? path.resolve(file) : address
}

function readEnvFile(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // A folder of that name is a Python environment, not ours to read.
    if (code === 'ENOENT' || code === 'EISDIR') return {}
    throw misconfigured(`cannot read ${file}: ${message}`, 'it may set QUEUECTL_* and MONGODB_URI; repair or remove it')
  }
}

function adopt(file: NodeJS.Dict<string>): void {
  for (const [name, value] of Object.entries(file)) {
    if (SETTABLE.has(name)) process.env[name] ??= value
  }
}
