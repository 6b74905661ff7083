import { misconfigured, type QueuectlError } from '../../domain/errors.ts'

/** An option of a URL: its name as given, and its value decoded. */
export interface UrlOption {
  name: string
  value: string
}

/**
 * Handed to the driver as they are. Any other may change what its answers look like, or where it writes a log.
 * https://www.mongodb.com/docs/manual/reference/connection-string-options/; `family` and `monitorCommands` are the driver's own.
 */
const TAKEN = new Set([
  ...['authsource', 'authmechanism', 'replicaset', 'directconnection', 'loadbalanced', 'localthresholdms'],
  ...['tls', 'ssl', 'tlscafile', 'tlscrlfile', 'tlscertificatekeyfile', 'tlscertificatekeyfilepassword'],
  ...['tlsinsecure', 'tlsallowinvalidcertificates', 'tlsallowinvalidhostnames'],
  ...['compressors', 'zlibcompressionlevel', 'srvmaxhosts', 'srvservicename', 'srvallowedhostssuffix'],
  ...['retrywrites', 'retryreads', 'family', 'monitorcommands'],
])

/**
 * Left out, because they are ours to choose: the name and the number of connections; what makes an acknowledged write durable, and a read one
 * that no new primary takes back; and how long calls last, for leases and a stop count on calls that end in time. An address may be shared
 * with programs that need them. Each with the value that changes nothing, or null.
 */
const OURS = new Map<string, string | null>([
  ...['appname', 'maxpoolsize', 'minpoolsize', 'maxidletimems', 'maxconnecting', 'servermonitoringmode'].map(unset),
  ['w', 'majority'],
  ['j', 'true'],
  ['journal', 'true'],
  ['fsync', 'true'],
  ['readconcernlevel', 'majority'],
  ['readpreference', 'primary'],
  ...['readpreferencetags', 'maxstalenessseconds'].map(unset),
  ...['wtimeout', 'wtimeoutms', 'timeoutms', 'sockettimeoutms', 'connecttimeoutms', 'serverselectiontimeoutms'].map(
    unset,
  ),
  ...['waitqueuetimeoutms', 'waitqueuemultiple', 'heartbeatfrequencyms', 'minheartbeatfrequencyms'].map(unset),
])

const LOGINS = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'MONGODB-X509', 'PLAIN', 'DEFAULT']
const COMPRESSORS = ['zstd', 'zlib', 'none']

const OTHER_LOGIN =
  'give the user a password (SCRAM-SHA-256) or a certificate (authMechanism=MONGODB-X509 with tlsCertificateKeyFile)'
const OTHER_WAY = 'let a tunnel (ssh -L) or a VPN lead to the server, and give its address here'

/** For these the driver wants a package that no program in one file can be given later. What to use in their place. */
const IMPOSSIBLE = new Map([
  ...['proxyhost', 'proxyport', 'proxyusername', 'proxypassword'].map((name) => [name, OTHER_WAY] as const),
  ...['authmechanismproperties', 'gssapiservicename'].map((name) => [name, OTHER_LOGIN] as const),
  ['autoencryption', 'let the server encrypt its disk, and let jobs read secrets from files of their own'],
])

/** Those of `options` that the driver is given. Throws `configuration` (78), by the name of the first option that does not fit. */
export function optionsForDriver<Option extends UrlOption>(options: readonly Option[]): Option[] {
  for (const option of options) {
    const refusal = refusalOf(option)
    if (refusal) throw refusal
  }
  return options.filter(({ name }) => TAKEN.has(name.toLowerCase()))
}

/** Those of `options` that are left out although they ask for something else. Every address that Atlas gives has an `appName`. */
export function unheededOptions(options: readonly UrlOption[]): string[] {
  return options
    .filter(({ name, value }) => {
      const key = name.toLowerCase()
      return OURS.has(key) && key !== 'appname' && OURS.get(key) !== value
    })
    .map(({ name, value }) => `${name}=${value}`)
}

function unset(name: string): [string, null] {
  return [name, null]
}

function refusalOf({ name, value }: UrlOption): QueuectlError | null {
  const key = name.toLowerCase()
  const instead = IMPOSSIBLE.get(key)
  if (instead !== undefined) return refused(name, 'asks for what queuectl cannot do', instead)
  if (key === 'authmechanism' && !LOGINS.includes(value))
    return refused(`${name}=${value}`, 'asks for what queuectl cannot do', OTHER_LOGIN)
  if (key === 'compressors') return refusedCompressor(name, value)
  if (TAKEN.has(key) || OURS.has(key)) return null
  return refused(name, 'is not known', 'take it out; docs/several-hosts.md lists those that are')
}

function refusedCompressor(name: string, value: string): QueuectlError | null {
  const unknown = value.split(',').find((word) => !COMPRESSORS.includes(word))
  if (unknown === undefined) return null
  return refused(`${name}=${unknown}`, 'asks for what queuectl cannot do', 'use compressors=zstd,zlib')
}

function refused(option: string, trouble: string, hint: string): QueuectlError {
  return misconfigured(`the option ${option} in the address of MongoDB ${trouble}`, hint)
}
