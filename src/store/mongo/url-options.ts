import { misconfigured, type QueuectlError } from '../../domain/errors.ts'

/** An option of a URL: its name as given, and its value decoded. */
export interface UrlOption {
  name: string
  value: string
}

/**
 * Passed to the driver unchanged. Any other may change the form of its answers, or where it writes a log.
 * https://www.mongodb.com/docs/manual/reference/connection-string-options/; `family` and `monitorCommands` are the
 * driver's own.
 */
const PASSED_ON = new Set([
  ...['authsource', 'authmechanism', 'replicaset', 'directconnection', 'loadbalanced', 'localthresholdms'],
  ...['tls', 'ssl', 'tlscafile', 'tlscrlfile', 'tlscertificatekeyfile', 'tlscertificatekeyfilepassword'],
  ...['tlsinsecure', 'tlsallowinvalidcertificates', 'tlsallowinvalidhostnames'],
  ...['compressors', 'zlibcompressionlevel', 'srvmaxhosts', 'srvservicename', 'srvallowedhostssuffix'],
  ...['retrywrites', 'retryreads', 'family', 'monitorcommands'],
])

/**
 * Ignored, because queuectl chooses them: the name and the number of connections; the durability of writes, and reads
 * that no new primary rolls back; and the duration of calls, since leases and a stop rely on calls that end in time.
 * They are not refused, because other programs that share the address may need them. Each with the value that changes
 * nothing, or null.
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

const NOT_SUPPORTED = 'is not supported by queuectl'

const OTHER_LOGIN =
  'give the user a password (SCRAM-SHA-256) or a certificate (authMechanism=MONGODB-X509 with tlsCertificateKeyFile)'
const OTHER_WAY = 'reach the server through a tunnel (ssh -L) or a VPN, and use the tunnel’s address'

/**
 * For these the driver needs an extra package, which cannot be added to a single executable. Each with what to use
 * instead.
 */
const IMPOSSIBLE = new Map([
  ...['proxyhost', 'proxyport', 'proxyusername', 'proxypassword'].map((name) => [name, OTHER_WAY] as const),
  ...['authmechanismproperties', 'gssapiservicename'].map((name) => [name, OTHER_LOGIN] as const),
  ['autoencryption', 'encrypt the server’s disk, and let jobs read secrets from files'],
])

/**
 * Those of `options` that are passed to the driver. Throws `configuration` (78) that names the first option that is not
 * supported.
 */
export function optionsForDriver<Option extends UrlOption>(options: readonly Option[]): Option[] {
  for (const option of options) {
    const refusal = refusalOf(option)
    if (refusal) throw refusal
  }
  return options.filter(({ name }) => PASSED_ON.has(name.toLowerCase()))
}

/**
 * Those of `options` that are ignored although they would change something. Not `appName`: every address from Atlas has
 * one.
 */
export function ignoredOptions(options: readonly UrlOption[]): string[] {
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
  if (instead !== undefined) return refused(name, NOT_SUPPORTED, instead)
  if (key === 'authmechanism' && !LOGINS.includes(value)) return refused(`${name}=${value}`, NOT_SUPPORTED, OTHER_LOGIN)
  if (key === 'compressors') return refusedCompressor(name, value)
  if (PASSED_ON.has(key) || OURS.has(key)) return null
  return refused(name, 'is unknown', 'remove it; docs/several-hosts.md lists the supported options')
}

function refusedCompressor(name: string, value: string): QueuectlError | null {
  const unknown = value.split(',').find((word) => !COMPRESSORS.includes(word))
  if (unknown === undefined) return null
  return refused(`${name}=${unknown}`, NOT_SUPPORTED, 'use compressors=zstd,zlib')
}

function refused(option: string, reason: string, hint: string): QueuectlError {
  return misconfigured(`the option ${option} in the MongoDB address ${reason}`, hint)
}
