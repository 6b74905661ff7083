import { fileURLToPath } from 'node:url'
import { misconfigured } from '../domain/errors.ts'
import { withoutFileScheme } from '../domain/store-address.ts'

/** What an address says: the name of an adapter in `open`, and for a file its path. */
export interface ParsedAddress {
  scheme: string
  /** Empty for anything but a file. */
  path: string
}

/**
 * The scheme and path of a store's address; a bare path and `sqlite:` mean a file. One letter before a colon is a Windows drive, not a
 * scheme. Throws `configuration` (78) for a file without a name.
 */
export function parseAddress(address: string): ParsedAddress {
  if (address !== '' && !address.includes(':')) return { scheme: 'file', path: address }
  const [, scheme = 'file'] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(address) ?? []
  const name = scheme.toLowerCase()
  if (name !== 'file' && name !== 'sqlite') return { scheme: name, path: '' }
  const path = pathOf(address)
  if (path === '') throw misconfigured('the address of the store names no file', 'give one: --db queue.db')
  return { scheme: 'file', path }
}

/** The path that a `file://` URL means on this host; null when it means none. */
export function fileUrlPath(url: string): string | null {
  try {
    return fileURLToPath(url)
  } catch {
    return null
  }
}

function pathOf(address: string): string {
  if (!/^file:\/\//i.test(address)) return withoutFileScheme(address)
  const path = fileUrlPath(address)
  if (path === null) throw misconfigured(`"${address}" is not the URL of a local file`, 'give the path: --db queue.db')
  return path
}
