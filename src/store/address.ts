import { fileURLToPath } from 'node:url'
import { misconfigured } from '../domain/errors.ts'
import { schemeOf } from '../domain/store-address.ts'

/** What an address says: the name of an adapter in `open`, and for a file its path. */
export interface ParsedAddress {
  scheme: string
  /** Empty for anything but a file. */
  path: string
}

/**
 * The scheme and path of a store's address; a bare path and `sqlite:` mean a file. Throws `configuration` (78) for a file without a name,
 * and for a `file://` URL that means none on this host.
 */
export function parseAddress(address: string): ParsedAddress {
  const scheme = schemeOf(address)
  if (scheme !== 'file') return { scheme, path: '' }
  const path = pathOf(address)
  if (path === '') throw misconfigured('the address of the store names no file', 'give one: --db queue.db')
  return { scheme, path }
}

/** The path behind `sqlite:` and `sqlite://`, in which no host has its place, and behind `file:`; what is no URL is a path. */
function pathOf(address: string): string {
  if (!address.includes(':')) return address
  if (!/^file:\/\//i.test(address)) return address.replace(/^(?:sqlite|file):(?:\/\/)?/i, '')
  try {
    return fileURLToPath(address)
  } catch {
    throw misconfigured(`"${address}" is not the URL of a local file`, 'give the path: --db queue.db')
  }
}
