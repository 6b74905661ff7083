import mongoose from 'mongoose'
import { type Certificates, KEY_PASSWORD } from './certificates.ts'
import { type MongoServer, needsMongo, startServer } from './mongo-server.ts'
import { tempFolder } from './temp.ts'

/** Contains characters that must be escaped in a URL. */
export const PASSWORD = 's3cret@/'

/** A server that requires a login. */
export interface LoginServer extends MongoServer {
  /** URL of a database for a user with the right password, or with another one. */
  as(user: string, database: string, password?: string): string
}

type Users = Record<string, { role: string; db: string }[]>

/**
 * For `before`: a server with those users, each with its roles on its database. With `certificates` it also requires
 * one from each client, and accepts the name in it as the user for a login by certificate.
 */
export async function startLoginServer(
  context: Mocha.Context,
  users: Users,
  certificates?: Certificates,
): Promise<LoginServer> {
  await needsMongo.call(context)
  const folder = tempFolder()
  // Users are created before it requires a login; a replica set would also require a key file.
  const open = await startServer({ folder, standalone: true })
  const admin = await mongoose.createConnection(open.url('admin')).asPromise()
  for (const [user, roles] of Object.entries(users)) {
    await admin.db?.command({ createUser: user, pwd: PASSWORD, roles, mechanisms: ['SCRAM-SHA-1', 'SCRAM-SHA-256'] })
  }
  if (certificates) {
    const roles = Object.values(users).flat()
    const user = { createUser: certificates.client_name, roles, mechanisms: ['MONGODB-X509'] }
    await admin.getClient().db('$external').command(user)
  }
  await admin.close()
  await open.stop()
  const tls = certificates && { ca: certificates.ca, certificate: certificates.server, key: certificates.server_key }
  const server = await startServer({ folder, standalone: true, auth: true, ...(tls && { tls }) })
  const as = (user: string, database: string, password = PASSWORD) =>
    `mongodb://${user}:${encodeURIComponent(password)}@${server.host}/${database}?authSource=admin`
  return { ...server, as }
}

/** Options of an address for a server with those certificates; `key` is the password of the client's key. */
export function tlsOptions({ ca, client }: Certificates, key = KEY_PASSWORD): string {
  const files = { tlsCAFile: ca, tlsCertificateKeyFile: client, tlsCertificateKeyFilePassword: key }
  return `tls=true&${new URLSearchParams(files)}`
}
