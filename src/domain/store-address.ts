const URL = /^mongodb(?:\+srv)?:\/\/(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/i

/** A password before the hosts, to the last @ of a word since one may stand in the password unescaped; or one among the options. */
const SECRETS = [
  [/(mongodb(?:\+srv)?:\/\/[^\s:@/]*):\S*@/gi, '$1:***@'],
  [/([?&;,]\w*(?:password|token|secret)\w*[=:])[^&,\s]+/gi, '$1***'],
] as const

/** Schemes of a file, which most addresses are. */
const FILE_SCHEMES = ['file', 'sqlite']

/**
 * What an address begins with, `file` if it is a path; in lower case, and `sqlite` is `file` too. One letter before a colon is a Windows drive,
 * not a scheme.
 */
export function schemeOf(address: string): string {
  // To look for letters in either case, which the others need, takes a short command a hundredth of its time.
  if (!address.includes(':')) return 'file'
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(address)?.[1]?.toLowerCase() ?? 'file'
  return FILE_SCHEMES.includes(scheme) ? 'file' : scheme
}

/** Whether `address` names a store that several hosts may share. */
export function isShared(address: string): boolean {
  return /^mongodb(\+srv)?$/.test(schemeOf(address))
}

/** Whether a store's address has a password in it: before the hosts, or as an option (of a key file, of a cloud's session). */
export function holdsSecret(address: string): boolean {
  const [, credentials, , , options = ''] = URL.exec(address) ?? []
  return credentials?.includes(':') === true || /password|token|secret/i.test(options)
}

/** `text` with the passwords of all MongoDB URLs in it blacked out. */
export function withoutSecrets(text: string): string {
  if (!/mongodb/i.test(text)) return text
  return SECRETS.reduce((left, [form, mask]) => left.replace(form, mask), text)
}

/** Whether two URLs lead to one database, whatever credentials and options they hold. */
export function sameStore(one: string, other: string): boolean {
  const [, , hosts, database = ''] = URL.exec(one) ?? []
  const [, , otherHosts, otherDatabase = ''] = URL.exec(other) ?? []
  return hosts !== undefined && hosts === otherHosts && database === otherDatabase
}
