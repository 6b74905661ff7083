/** Scheme of a store that is a file, however that was written. */
export const FILE = 'file'

/** The parts of a URL: scheme, credentials, hosts, database, options. */
const URL = /^([a-z][a-z0-9+.-]+):\/\/(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/i

/** MongoDB's, also where it is mistyped: a slash or the colon missing, others in their place, another case. */
const MONGO = String.raw`mongo(?:db)?(?:\+srv)?(?:[:;][\/\\]*|[\/\\]{2,})`

/**
 * A password before the hosts, for MongoDB to the last @ of a word since one may stand in the password unescaped; or one among the
 * options.
 */
const SECRETS = [
  [new RegExp(String.raw`(${MONGO}[^\s:@/]*):\S*@`, 'gi'), '$1:***@'],
  [/(\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s:@/]*):[^\s@/]*@/gi, '$1:***@'],
  [/([?&;,]\w*(?:password|token|secret)\w*[=:])[^&,\s]+/gi, '$1***'],
] as const

/**
 * The scheme of a store's address in small letters; a path, also behind `sqlite:`, is a `file`. One letter before a colon is a Windows
 * drive, not a scheme. This and `parseAddress` are all that knows how an address is written; its adapter knows the rest.
 */
export function schemeOf(address: string): string {
  if (isPlainPath(address)) return FILE
  const [, scheme = FILE] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(address) ?? []
  const name = scheme.toLowerCase()
  return name === 'sqlite' ? FILE : name
}

/** Whether `address` names a store that several hosts may share: a server's, which is any that is no file. */
export function isShared(address: string): boolean {
  return schemeOf(address) !== FILE
}

/** Most addresses are; to look for letters in either case, which the others need, takes a short command a hundredth of its time. */
function isPlainPath(address: string): boolean {
  return !address.includes(':')
}

/**
 * Whether `address` was meant to be a MongoDB URL and is none: taken for a path it would make a folder that has the password in its name.
 * The driver knows the scheme in small letters only.
 */
export function isMistypedUrl(address: string): boolean {
  if (isPlainPath(address) || /^mongodb(?:\+srv)?:\/\//.test(address)) return false
  return MISTYPED.test(address)
}

/** Quotes and spaces may stand before it where a file of variables was read as it is. */
const MISTYPED = new RegExp(String.raw`^[\s"'<]*${MONGO}`, 'i')

/** Whether a store's address has a password in it: before the hosts, or as an option (of a key file, of a cloud's session). */
export function holdsSecret(address: string): boolean {
  const [, , credentials, , , options = ''] = URL.exec(address) ?? []
  return credentials?.includes(':') === true || /password|token|secret/i.test(options)
}

/** `text` with the passwords of all URLs in it blacked out. */
export function withoutSecrets(text: string): string {
  if (!/mongo|:\/\//i.test(text)) return text
  return SECRETS.reduce((left, [form, mask]) => left.replace(form, mask), text)
}

/** Whether two URLs lead to one database, whatever credentials and options they hold, and whether its hosts are looked up (`+srv`). */
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
