import { misconfigured } from '../../domain/errors.ts'
import { optionsForDriver, type UrlOption } from './url-options.ts'

/** The parts of a MongoDB URL that queuectl uses and shows. */
export interface MongoAddress {
  /** As given, password included. */
  url: string
  /** The same for the driver, without the options that queuectl sets itself. */
  driver_url: string
  /** Without password and options, for messages. */
  label: string
  /** `host:port`, several with commas. */
  hosts: string
  database: string
  /** Whether the URL names the database. */
  names_database: boolean
  options: readonly UrlOption[]
  /** `text` with every form of the passwords replaced by `***`. */
  redact(text: string): string
}

/** The driver's own default is `test`, which often contains data of other programs. */
const DEFAULT_DATABASE = 'queuectl'

// Stricter than the driver: an unescaped character of a password (@ or / instead of %40 or %2F) could otherwise move a
// part of it into the hosts, which are shown. The scheme is lower case, as the driver requires.
const URL_FORM =
  /^(?<scheme>mongodb(?:\+srv)?):\/\/(?:(?<user>[^:@/?#]*)(?::(?<password>[^:@/?#]*))?@)?(?<hosts>[^@/?#]+)(?:\/(?<database>[^@/?#]*))?(?:\?(?<options>[^@?#]*))?$/
const HOST_FORM = /^(?:[\w.-]+|\[[\da-f:.]+\]|%2f[^:]+)(?::(?<port>\d{1,5}))?$/i
/** The name of a DNS record that lists the hosts and their ports. */
const SRV_FORM = /^[\w.-]+$/
// https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
const DATABASE_FORM = /^[^/\\. "$\0]{1,63}$/
/** Databases of the server itself. */
const SYSTEM_DATABASES = ['admin', 'config', 'local']
const OPTION_FORM = /^\w+=[^=]/

/**
 * Parses `url`. Throws `configuration` (78) if it is malformed; the message shows no part of it, since any may contain
 * a password. Throws the same for an unsupported option, which it names.
 */
export function parseUrl(url: string): MongoAddress {
  const { scheme, user, password, hosts, database, options: query = '' } = URL_FORM.exec(url)?.groups ?? {}
  const words = query.split('&').filter((word) => word !== '')
  const fits =
    (scheme?.endsWith('+srv') ? SRV_FORM.test(hosts ?? '') : hosts?.split(',').every(isHost)) &&
    words.every((word) => OPTION_FORM.test(word))
  if (!scheme || !hosts || !fits) throw malformed('wrong format')
  const name = decode(database || DEFAULT_DATABASE)
  if (!DATABASE_FORM.test(name)) throw malformed('a database name has at most 63 bytes and no space or / \\ . " $')
  if (SYSTEM_DATABASES.includes(name)) {
    const hint =
      'name a database for the queue: mongodb://…/jobs; to log in at another one add an option: ?authSource=admin'
    throw misconfigured(`the database "${name}" is reserved by MongoDB`, hint)
  }
  const options = words.map(toOption)
  const passed_on = optionsForDriver(options).map(({ word }) => word)
  return {
    url,
    driver_url: [url.split('?')[0], ...(passed_on.length > 0 ? [passed_on.join('&')] : [])].join('?'),
    label: `${scheme}://${user ? `${user}@` : ''}${hosts}/${name}`,
    hosts,
    database: name,
    names_database: Boolean(database),
    options,
    redact: redactor([password, ...options.filter(isSecret).map(({ word }) => word.slice(word.indexOf('=') + 1))]),
  }
}

/** `word` is the whole option as given. A + in it means a space, as for the driver. */
function toOption(word: string): UrlOption & { word: string } {
  const [[name, value] = ['', '']] = new URLSearchParams(word)
  return { word, name, value }
}

const isSecret = ({ name }: UrlOption) => /password/i.test(name)

/** The error for a URL that is malformed because of `reason`. */
export function malformed(reason: string) {
  return misconfigured(
    `the address is not a valid MongoDB URL: ${reason}`,
    'write mongodb://user:password@host:port/database; in a password write @ : / ? # % as %40 %3A %2F %3F %23 %25',
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
  return (text) => forms.reduce((redacted, form) => redacted.replaceAll(form, '***'), text)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
