import mongoose from 'mongoose'
import { type MongoServer, needsMongo, startServer } from './mongo-server.ts'
import { tempFolder } from './temp.ts'

/** It has characters that must be written otherwise in a URL. */
export const PASSWORD = 's3cret@/'

/** A server that wants a login. */
export interface LoginServer extends MongoServer {
  /** URL of a database for a user with that password, or any other. */
  as(user: string, database: string, password?: string): string
}

/** For `before`: a server with those users, each with the roles it has on its database. */
export async function startLoginServer(
  context: Mocha.Context,
  users: Record<string, { role: string; db: string }[]>,
): Promise<LoginServer> {
  await needsMongo.call(context)
  const folder = tempFolder()
  // Users are made before it wants a login; a replica set would want a key file too.
  const open = await startServer({ folder, standalone: true })
  const admin = await mongoose.createConnection(open.url('admin')).asPromise()
  for (const [user, roles] of Object.entries(users)) {
    await admin.db?.command({ createUser: user, pwd: PASSWORD, roles })
  }
  await admin.close()
  await open.stop()
  const server = await startServer({ folder, standalone: true, auth: true })
  const as = (user: string, database: string, password = PASSWORD) =>
    `mongodb://${user}:${encodeURIComponent(password)}@${server.host}/${database}?authSource=admin`
  return { ...server, as }
}
