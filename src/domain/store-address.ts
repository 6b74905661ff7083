/** Scheme of a store in a file, however its address was written. */
export const FILE = 'file'

/** The parts of a URL: scheme, credentials, hosts, database, options. */
const URL = /^([a-z][a-z0-9+.-]+):\/\/(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/i

/** MongoDB's scheme, even if mistyped: a slash or the colon missing, other characters instead, another case. */
const MONGO = String.raw`mongo(?:db)?(?:\+srv)?(?:[:;][\/\\]*|[\/\\]{2,})`

/**
 * A password before the hosts, or among the options. With MongoDB the former extends to the last @ of a word, since the
 * password may contain an unescaped one.
 */
const SECRETS = [
  [new RegExp(String.raw`(${MONGO}[^\s:@/]*):\S*@`, 'gi'), '$1:***@'],
  [/(\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s:@/]*):[^\s@/]*@/gi, '$1:***@'],
  [/([?&;,]\w*(?:password|token|secret)\w*[=:])[^&,\s]+/gi, '$1***'],
] as const

/**
 * The scheme of a store's address in lower case; a path, with or without `sqlite:`, is a `file`. One letter before a
 * colon is a Windows drive, not a scheme. Only this function and `parseAddress` know how addresses are written; the
 * adapter knows the rest.
 */
export function schemeOf(address: string): string {
  if (isPlainPath(address)) return FILE
  const [, scheme = FILE] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(address) ?? []
  const name = scheme.toLowerCase()
  return name === 'sqlite' ? FILE : name
}

/**
 * Whether several hosts may share the store at `address`: true for every server, which is any store that is not a file.
 */
export function isShared(address: string): boolean {
  return schemeOf(address) !== FILE
}

/**
 * Most addresses are plain paths; the case-insensitive search for the others takes a hundredth of a short command's
 * time.
 */
function isPlainPath(address: string): boolean {
  return !address.includes(':')
}

/**
 * Whether `address` is a mistyped MongoDB URL: taken for a path it would create a folder with the password in its name.
 * The driver accepts the scheme in lower case only.
 */
export function isMistypedUrl(address: string): boolean {
  if (isPlainPath(address) || /^mongodb(?:\+srv)?:\/\//.test(address)) return false
  return MISTYPED.test(address)
}

/** Quotes and spaces may precede it if a file of variables was read without parsing. */
const MISTYPED = new RegExp(String.raw`^[\s"'<]*${MONGO}`, 'i')

/**
 * Whether a store's address contains a password: before the hosts, or as an option (of a key file, of a cloud session).
 */
export function holdsSecret(address: string): boolean {
  const [, , credentials, , , options = ''] = URL.exec(address) ?? []
  return credentials?.includes(':') === true || /password|token|secret/i.test(options)
}

/** `text` with the passwords of all URLs in it masked. */
export function withoutSecrets(text: string): string {
  if (!/mongo|:\/\//i.test(text)) return text
  return SECRETS.reduce((left, [form, mask]) => left.replace(form, mask), text)
}

/** Whether two URLs lead to the same database, regardless of credentials, options and host lookup (`+srv`). */
export function sameStore(one: string, other: string): boolean {
  const place = databaseOf(one)
  return place !== null && place === databaseOf(other)
}

function databaseOf(address: string): string | null {
  const [, scheme, , hosts, database = ''] = URL.exec(address) ?? []
  return scheme === undefined || !isShared(address)
    ? null
    : `${scheme.replace(/\+.*/, '').toLowerCase()}://${hosts}/${database}`
}
