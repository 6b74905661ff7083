const URL = /^mongodb(?:\+srv)?:\/\/(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/i

/** Also where the URL is mistyped: a slash or the colon missing, others in their place, another case. */
const SCHEME = String.raw`mongo(?:db)?(?:\+srv)?(?:[:;][\/\\]*|[\/\\]{2,})`

/** A password before the hosts, to the last @ of a word since one may stand in the password unescaped; or one among the options. */
const SECRETS = [
  [new RegExp(String.raw`(${SCHEME}[^\s:@/]*):\S*@`, 'gi'), '$1:***@'],
  [/([?&;,]\w*(?:password|token|secret)\w*[=:])[^&,\s]+/gi, '$1***'],
] as const

/** Whether `address` names a store that several hosts may share. */
export function isShared(address: string): boolean {
  return !isPlainPath(address) && /^mongodb(\+srv)?:\/\//i.test(address)
}

/** Most addresses are; to look for letters in either case, which the others need, takes a short command a hundredth of its time. */
export function isPlainPath(address: string): boolean {
  return !address.includes(':')
}

/**
 * Whether `address` was meant to be a MongoDB URL and is none: taken for a path it would make a folder that has the password in its name.
 * The driver knows the scheme in small letters only.
 */
export function isMistypedUrl(address: string): boolean {
  if (/^mongodb(?:\+srv)?:\/\//.test(address)) return false
  return MISTYPED.test(address)
}

/** Quotes and spaces may stand before it where a file of variables was read as it is. */
const MISTYPED = new RegExp(String.raw`^[\s"'<]*${SCHEME}`, 'i')

/** The path behind `sqlite:` and `sqlite://`, in which no host has its place, and behind `file:`. */
export function withoutFileScheme(address: string): string {
  return address.replace(/^(?:sqlite|file):(?:\/\/)?/i, '')
}

/** Whether a store's address has a password in it: before the hosts, or as an option (of a key file, of a cloud's session). */
export function holdsSecret(address: string): boolean {
  const [, credentials, , , options = ''] = URL.exec(address) ?? []
  return credentials?.includes(':') === true || /password|token|secret/i.test(options)
}

/** `text` with the passwords of all MongoDB URLs in it blacked out. */
export function withoutSecrets(text: string): string {
  if (!/mongo/i.test(text)) return text
  return SECRETS.reduce((left, [form, mask]) => left.replace(form, mask), text)
}

/** Whether two URLs lead to one database, whatever credentials and options they hold. */
export function sameStore(one: string, other: string): boolean {
  const [, , hosts, database = ''] = URL.exec(one) ?? []
  const [, , otherHosts, otherDatabase = ''] = URL.exec(other) ?? []
  return hosts !== undefined && hosts === otherHosts && database === otherDatabase
}
