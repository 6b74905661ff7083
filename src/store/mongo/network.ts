import { type Diagnosis, fine, warning } from '../../domain/diagnosis.ts'
import type { Connection } from './connection.ts'
import type { MongoAddress } from './url.ts'
import { unheededOptions } from './url-options.ts'

/** A wall clock that is off by more may surprise people; it decides nothing. */
const CLOCKS_APART_MS = 5_000

const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\]|%2f.*)(:\d+)?$/i

/** What the address alone says about the way to the server. */
export function examineAddress({ label, hosts, options: given }: MongoAddress): Diagnosis[] {
  const options = new Map(given.map(({ name, value }) => [name.toLowerCase(), value]))
  const isOn = (...names: string[]) => names.some((name) => options.get(name) === 'true')
  const isOff = (...names: string[]) => names.some((name) => options.get(name) === 'false')
  const encrypted = label.startsWith('mongodb+srv') ? !isOff('tls', 'ssl') : isOn('tls', 'ssl')
  const findings: Diagnosis[] = []
  if (!hosts.split(',').every((host) => LOOPBACK.test(host))) {
    if (!encrypted) {
      const message = `the way to ${hosts} is not encrypted: whoever is on it can read jobs and passwords, and change jobs`
      findings.push(warning('network', message, 'let the server speak TLS and add tls=true to the address'))
    }
    if (!/\/\/[^/@]+@/.test(label) && !options.has('authmechanism')) {
      const message = `nobody has to log in at ${hosts}: whoever reaches it can run commands as the users of its workers`
      findings.push(warning('network', message, 'give queuectl a user with the role readWrite on its database alone'))
    }
  }
  if (isOn('tlsinsecure', 'tlsallowinvalidcertificates', 'tlsallowinvalidhostnames')) {
    const message = 'the certificate of the server is not checked: anybody may answer in its place'
    findings.push(warning('network', message, 'name its authority with tlsCAFile instead'))
  }
  if (findings.length === 0) findings.push(fine('network', encrypted ? 'encrypted' : 'on this host alone'))
  const unheeded = unheededOptions(given)
  if (unheeded.length > 0) {
    const message = `not heeded in the address: ${unheeded.join(', ')}; queuectl keeps as many connections as it needs`
    findings.push(warning('network', message, 'take them out of the address'))
  }
  return findings
}

/** What the server says of itself: copies that it has, and its clock. */
export async function examineServer(db: Connection): Promise<Diagnosis[]> {
  const hello = await db.call(() => db.db.admin().command({ hello: 1 }))
  const apart = Date.now() - db.now()
  const seconds = `${Math.abs(Math.round(apart / 1000))} s ${apart > 0 ? 'ahead of' : 'behind'}`
  return [
    replication(hello),
    Math.abs(apart) > CLOCKS_APART_MS
      ? warning('clock', `this host’s is ${seconds} the server’s, which is the one that counts`, 'let both follow NTP')
      : fine('clock', 'agrees with the server’s'),
  ]
}

function replication(hello: { msg?: string; setName?: string; hosts?: string[] }): Diagnosis {
  if (hello.msg === 'isdbgrid') return fine('replication', 'a sharded cluster')
  if (!hello.setName) {
    const message = 'one server that is no replica set: new jobs are found by polling, and its disk is the only copy'
    return warning('replication', message, 'make it a replica set, if only of one member (replSetInitiate)')
  }
  const members = hello.hosts?.length ?? 1
  const copies = members > 1 ? '' : ': its disk is the only copy'
  return fine('replication', `replica set ${hello.setName} of ${members} member${members > 1 ? 's' : ''}${copies}`)
}
