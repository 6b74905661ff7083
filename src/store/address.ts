import { fileURLToPath } from 'node:url'
import { misconfigured } from '../domain/errors.ts'
import { FILE, schemeOf } from '../domain/store-address.ts'

/** A parsed address: which adapter of `open.ts` serves it, and for a file its path. */
export interface ParsedAddress {
  scheme: string
  /** As given, relative or absolute; empty for a store that is not a file. */
  path: string
}

/** The scheme and the path of a store's address. Throws `configuration` (78) for a file without a name. */
export function parseAddress(address: string): ParsedAddress {
  const scheme = schemeOf(address)
  if (scheme !== FILE) return { scheme, path: '' }
  const path = /^file:\/\//i.test(address) ? pathOfUrl(address) : withoutScheme(address)
  // `sqlite:redis://…` is a URL too, and may contain a password.
  if (path === '' || schemeOf(path) !== FILE) {
    throw misconfigured('the store address names no file', 'name one: --db queue.db')
  }
  return { scheme, path }
}

/** The rest after `sqlite:` and `sqlite://`, which have no host part, and after `file:`. */
function withoutScheme(address: string): string {
  return address.replace(/^(?:sqlite|file):(?:\/\/)?/i, '')
}

function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw misconfigured(`"${url}" is not the URL of a local file`, 'use its path: --db queue.db')
  }
}
