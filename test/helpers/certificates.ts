import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { tempFolder } from './temp.ts'

/** Password of the client's key. */
export const KEY_PASSWORD = 'k3y&s3cret'

/** PEM files of a certificate authority that is created for this test run. */
export interface Certificates {
  ca: string
  /** Of a server on this host: certificate and key in one file, and the key alone. */
  server: string
  server_key: string
  /** Of a client, with its key, which has a password. */
  client: string
  /** The name in the client's certificate. */
  client_name: string
}

/** Creates them with OpenSSL. Null if it is not installed. */
export function makeCertificates(): Certificates | null {
  if (spawnSync('openssl', ['version']).status !== 0) return null
  const folder = tempFolder()
  const file = (name: string) => path.join(folder, name)
  const key = (name: string, ...protection: string[]) =>
    openssl('req', '-newkey', 'rsa:2048', '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`), ...protection)
  key('ca', '-nodes', '-x509', '-days', '2', '-subj', '/CN=queuectl tests')
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  key('server', '-nodes', '-subj', '/O=servers/CN=localhost')
  key('client', '-passout', `pass:${KEY_PASSWORD}`, '-subj', '/O=clients/CN=me')
  for (const name of ['server', 'client']) {
    const by = ['-CA', file('ca.csr'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2']
    openssl('x509', '-req', '-in', file(`${name}.csr`), ...by, '-extfile', file('names'), '-out', file(`${name}.crt`))
    writeFileSync(
      file(`${name}.pem`),
      ['crt', 'key'].map((end) => readFileSync(file(`${name}.${end}`), 'utf8')).join(''),
    )
  }
  return {
    ca: file('ca.csr'),
    server: file('server.pem'),
    server_key: file('server.key'),
    client: file('client.pem'),
    client_name: 'CN=me,O=clients',
  }
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`)
}
