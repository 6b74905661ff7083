import { misconfigured } from '../../domain/errors.ts'
import { optionsForDriver, type UrlOption } from './url-options.ts'

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
  /** The URL names the database itself. */
  names_database: boolean
  options: readonly UrlOption[]
  /** `text` with every form of the password blacked out. */
  redact(text: string): string
}

/** The driver's own default is `test`, in which many a program has left something. */
const DEFAULT_DATABASE = 'queuectl'

// Stricter than the driver: a character that a password must write as %40 or %2F could otherwise end up among the hosts, which
// are shown. In small letters, as the driver wants it.
const URL_FORM =
  /^(?<scheme>mongodb(?:\+srv)?):\/\/(?:(?<user>[^:@/?#]*)(?::(?<password>[^:@/?#]*))?@)?(?<hosts>[^@/?#]+)(?:\/(?<database>[^@/?#]*))?(?:\?(?<options>[^@?#]*))?$/
const HOST_FORM = /^(?:[\w.-]+|\[[\da-f:.]+\]|%2f[^:]+)(?::(?<port>\d{1,5}))?$/i
/** The name of a DNS record, which has the hosts and their ports. */
const SRV_FORM = /^[\w.-]+$/
// https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
const DATABASE_FORM = /^[^/\\. "$\0]{1,63}$/
/** Those of the server itself. */
const SYSTEM_DATABASES = ['admin', 'config', 'local']
const OPTION_FORM = /^\w+=[^=]/

/**
 * Reads `url`. Throws `configuration` (78) when it is malformed, and then the message shows nothing of it, a password may be in any
 * part; and for an option that queuectl cannot do or must not heed, by its name.
 */
export function parseUrl(url: string): MongoAddress {
  const { scheme, user, password, hosts, database, options: query = '' } = URL_FORM.exec(url)?.groups ?? {}
  const words = query.split('&').filter((word) => word !== '')
  const fits =
    (scheme?.endsWith('+srv') ? SRV_FORM.test(hosts ?? '') : hosts?.split(',').every(isHost)) &&
    words.every((word) => OPTION_FORM.test(word))
  if (!scheme || !hosts || !fits) throw malformed('it cannot be read')
  const name = decode(database || DEFAULT_DATABASE)
  if (!DATABASE_FORM.test(name))
    throw malformed('a database’s name has at most 63 bytes, and none of / \\ . " $ nor a space')
  if (SYSTEM_DATABASES.includes(name)) {
    const hint = 'name one for the queue: mongodb://…/jobs; where the user is known is an option: ?authSource=admin'
    throw misconfigured(`the database "${name}" is MongoDB’s own`, hint)
  }
  const options = words.map(toOption)
  const handed_on = optionsForDriver(options).map(({ word }) => word)
  return {
    url,
    driver_url: [url.split('?')[0], ...(handed_on.length > 0 ? [handed_on.join('&')] : [])].join('?'),
    label: `${scheme}://${user ? `${user}@` : ''}${hosts}/${name}`,
    hosts,
    database: name,
    names_database: Boolean(database),
    options,
    redact: redactor([password, ...options.filter(isSecret).map(({ word }) => word.slice(word.indexOf('=') + 1))]),
  }
}

/** `word` is the whole option as given. As the driver reads it, + is a space. */
function toOption(word: string): UrlOption & { word: string } {
  const [[name, value] = ['', '']] = new URLSearchParams(word)
  return { word, name, value }
}

const isSecret = ({ name }: UrlOption) => /password/i.test(name)

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

function redactor(secrets: readonly (string | undefined)[]): (text: string) => string {
  const forms = secrets
    .flatMap((secret) => (secret ? [secret, decode(secret), encodeURIComponent(decode(secret))] : []))
    .sort((a, b) => b.length - a.length)
  return (text) => forms.reduce((left, form) => left.replaceAll(form, '***'), text)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
