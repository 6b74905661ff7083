import { misconfigured } from '../../domain/errors.ts'

/** A MongoDB URL, taken apart as far as people are told about it. */
export interface MongoAddress {
  /** As given, password included. */
  url: string
  /** The same for the driver: without what is ours to decide. */
  driver_url: string
  /** Without password and options: what people are shown. */
  label: string
  /** `host:port`, several with commas. */
  hosts: string
  database: string
  /** What stands behind `?`, by name in lower case. */
  options: ReadonlyMap<string, string>
  /** The URL names the database itself. */
  names_database: boolean
  /** `text` with every form of the password blacked out. */
  redact(text: string): string
}

/** The driver's own default is `test`, in which many a program has left something. */
const DEFAULT_DATABASE = 'queuectl'

// Stricter than the driver: a character that a password must write as %40 or %2F could otherwise end up among the hosts, which
// are shown.
const URL_FORM =
  /^(?<scheme>mongodb(?:\+srv)?):\/\/(?:(?<user>[^:@/?#]*)(?::(?<password>[^:@/?#]*))?@)?(?<hosts>[^@/?#]+)(?:\/(?<database>[^@/?#]*))?(?:\?(?<options>[^@?#]*))?$/i
const HOST_FORM = /^(?:[\w.-]+|\[[\da-f:.]+\]|%2f[^:]+)(?::(?<port>\d{1,5}))?$/i
/** The name of a DNS record, which has the hosts and their ports. */
const SRV_FORM = /^[\w.-]+$/
// https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
const DATABASE_FORM = /^[^/\\. "$\0]{1,63}$/
/** Those of the server itself. */
const SYSTEM_DATABASES = ['admin', 'config', 'local']
const OPTION_FORM = /^\w+=[^=]/

/** Reads `url`. Throws `configuration` (78) when it is malformed; the message shows nothing of it, a password may be in any part. */
export function parseAddress(url: string): MongoAddress {
  const { scheme, user, password, hosts, database, options } = URL_FORM.exec(url)?.groups ?? {}
  const fits =
    (scheme?.endsWith('+srv') ? SRV_FORM.test(hosts ?? '') : hosts?.split(',').every(isHost)) &&
    (options ?? '').split('&').every((option) => option === '' || OPTION_FORM.test(option))
  if (!scheme || !hosts || !fits) throw malformed('it cannot be read')
  const name = decode(database || DEFAULT_DATABASE)
  if (!DATABASE_FORM.test(name))
    throw malformed('a database’s name has at most 63 bytes, and none of / \\ . " $ nor a space')
  if (SYSTEM_DATABASES.includes(name)) {
    const hint = 'name one for the queue: mongodb://…/jobs; where the user is known is an option: ?authSource=admin'
    throw misconfigured(`the database "${name}" is MongoDB’s own`, hint)
  }
  return {
    url,
    driver_url: withoutOurs(url),
    label: `${scheme.toLowerCase()}://${user ? `${user}@` : ''}${hosts}/${name}`,
    hosts,
    database: name,
    options: new Map([...new URLSearchParams(options)].map(([key, value]) => [key.toLowerCase(), value])),
    names_database: Boolean(database),
    redact: redactor(password),
  }
}

/** Options that are ours to decide: what is acknowledged must be durable, and is read where nothing is taken back. In lower case. */
export const OURS = ['w', 'j', 'journal', 'wtimeoutms', 'readpreference', 'readconcernlevel']

/** The driver mixes some of them with those that it is given besides, and `j` wins. */
function withoutOurs(url: string): string {
  const [address = '', options = ''] = url.split('?')
  const left = options.split('&').filter((option) => !OURS.includes(option.split('=')[0]?.toLowerCase() ?? ''))
  return left.length > 0 ? `${address}?${left.join('&')}` : address
}

/** The error for a URL that the driver refuses because of `reason`. */
export function malformed(reason: string) {
  return misconfigured(
    `the address is no valid MongoDB URL: ${reason}`,
    'mongodb://user:password@host:port/database; in a password @ : / ? # % are written %40 %3A %2F %3F %23 %25',
  )
}

function isHost(text: string): boolean {
  const found = HOST_FORM.exec(text)
  return found !== null && Number(found.groups?.port ?? 27017) < 65_536
}

function redactor(password: string | undefined): (text: string) => string {
  if (!password) return (text) => text
  const forms = [password, decode(password), encodeURIComponent(decode(password))].sort((a, b) => b.length - a.length)
  return (text) => forms.reduce((left, form) => left.replaceAll(form, '***'), text)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
