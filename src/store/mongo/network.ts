import { type Diagnosis, fine, warning } from '../../domain/diagnosis.ts'
import type { Connection } from './connection.ts'
import type { MongoAddress } from './url.ts'
import { ignoredOptions } from './url-options.ts'

/** A difference of the wall clocks that is reported. It may confuse users, but decides nothing. */
const CLOCKS_APART_MS = 5_000

const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\]|%2f.*)(:\d+)?$/i

/** Findings about the connection to the server, from the address alone. */
export function examineAddress({ label, hosts, options: given }: MongoAddress): Diagnosis[] {
  const options = new Map(given.map(({ name, value }) => [name.toLowerCase(), value]))
  const isOn = (...names: string[]) => names.some((name) => options.get(name) === 'true')
  const isOff = (...names: string[]) => names.some((name) => options.get(name) === 'false')
  const encrypted = label.startsWith('mongodb+srv') ? !isOff('tls', 'ssl') : isOn('tls', 'ssl')
  const findings: Diagnosis[] = []
  if (!hosts.split(',').every((host) => LOOPBACK.test(host))) {
    if (!encrypted) {
      const message = `the connection to ${hosts} is not encrypted: others on the network can read jobs and passwords, and change jobs`
      findings.push(warning('network', message, 'enable TLS on the server and add tls=true to the address'))
    }
    if (!/\/\/[^/@]+@/.test(label) && !options.has('authmechanism')) {
      const message = `${hosts} is used without a login: anyone who can reach it can run commands as the users of its workers`
      findings.push(
        warning('network', message, 'create a user for queuectl with the role readWrite on its database only'),
      )
    }
  }
  if (isOn('tlsinsecure', 'tlsallowinvalidcertificates', 'tlsallowinvalidhostnames')) {
    const message = 'the certificate of the server is not verified: another server can impersonate it'
    findings.push(warning('network', message, 'name its certificate authority with tlsCAFile instead'))
  }
  if (findings.length === 0) findings.push(fine('network', encrypted ? 'encrypted' : 'on this host only'))
  const ignored = ignoredOptions(given)
  if (ignored.length > 0) {
    const message = `ignored in the address: ${ignored.join(', ')}; queuectl sets durability, time-outs and connections itself`
    findings.push(warning('network', message, 'remove them from the address'))
  }
  return findings
}

/** Findings about the server: its replication and its clock. */
export async function examineServer(db: Connection): Promise<Diagnosis[]> {
  const hello = await db.call(() => db.db.admin().command({ hello: 1 }))
  const apart = Date.now() - db.now()
  const seconds = `${Math.abs(Math.round(apart / 1000))} s ${apart > 0 ? 'ahead of' : 'behind'}`
  return [
    replication(hello),
    Math.abs(apart) > CLOCKS_APART_MS
      ? warning('clock', `this host’s is ${seconds} the server’s, which counts`, 'synchronize both with NTP')
      : fine('clock', 'agrees with the server’s'),
  ]
}

function replication(hello: { msg?: string; setName?: string; hosts?: string[] }): Diagnosis {
  if (hello.msg === 'isdbgrid') return fine('replication', 'a sharded cluster')
  if (!hello.setName) {
    const message =
      'a single server without a replica set: new jobs are found by polling, and its disk is the only copy'
    return warning('replication', message, 'make it a replica set, one member is enough (replSetInitiate)')
  }
  const members = hello.hosts?.length ?? 1
  const copies = members > 1 ? '' : ': its disk is the only copy'
  return fine('replication', `replica set ${hello.setName} of ${members} member${members > 1 ? 's' : ''}${copies}`)
}
