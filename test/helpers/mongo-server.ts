import mongoose from 'mongoose'
import { atEnd, IS_ONE_OF_SEVERAL } from './at-end.ts'
import { type MongoServer, madeUpName, startServer } from './mongo-process.ts'
import { skip } from './skip.ts'

export { type MongoServer, startServer }

/** SecantusDB does not exist for Intel Macs, and their runners have no mongod. */
const NONE_TO_BE_HAD = process.platform === 'darwin' && process.arch === 'x64'

let shared: Promise<MongoServer | null> | null = null

/**
 * For `before`: the server of this test run, started at first use. Order: QUEUECTL_TEST_MONGODB_URI, mongod on the
 * PATH, SecantusDB. Without any the tests are skipped with one loud line; in CI that is a failure on systems where one
 * exists.
 */
export async function needsMongo(this: Mocha.Context): Promise<void> {
  this.timeout(180_000)
  shared ??= findServer()
  if ((await shared) !== null) return
  if (process.env.CI && !NONE_TO_BE_HAD)
    throw new Error('no MongoDB server for the tests; see test/helpers/mongo-server.ts')
  skip(this, 'no MongoDB server')
}

/** The server that `needsMongo` has found. */
export async function mongoServer(): Promise<MongoServer> {
  const server = await shared
  if (!server) throw new Error('call needsMongo first')
  return server
}

atEnd(async () => {
  const server = await shared
  // A server of ours stays for the next file of this process, and ends with the process. On a foreign one the databases
  // are removed.
  if (server && !(IS_ONE_OF_SEVERAL && server.pid !== null)) await server.stop()
})

async function findServer(): Promise<MongoServer | null> {
  const { QUEUECTL_TEST_MONGODB_URI } = process.env
  if (QUEUECTL_TEST_MONGODB_URI) return foreignServer(QUEUECTL_TEST_MONGODB_URI)
  const found = await startServer().catch((error) => {
    console.error(`\n*** MongoDB TESTS SKIPPED: ${(error as Error).message}\n`)
    return null
  })
  return found
}

/**
 * The server at `uri`, perhaps with a user, options and a database. The databases of the tests are removed in the end,
 * since the server may be in use for other things.
 */
async function foreignServer(uri: string): Promise<MongoServer> {
  const { hostname, port } = new URL(uri)
  const host = `${hostname}:${port || 27017}`
  const asked = await mongoose.createConnection(uri).asPromise()
  const [hello, build] = await Promise.all([asked.db?.command({ hello: 1 }), asked.db?.command({ buildInfo: 1 })])
  await asked.close()
  const made: string[] = []
  const url = (database = madeUpName()) => {
    made.push(database)
    return addressOf(uri, host, database)
  }
  const stop = async () => {
    const connection = await mongoose.createConnection(uri).asPromise()
    for (const database of made.splice(0)) await connection.useDb(database).dropDatabase()
    await connection.close()
  }
  const slow = build?.secantusVersion !== undefined
  return { host, url, slow, replica_set: hello?.setName !== undefined, pid: null, stop }
}

/**
 * `uri` with another database. The user logs in at the same database as before: by default that is the database of the
 * address.
 */
function addressOf(uri: string, host: string, database: string): string {
  const url = Object.assign(new URL(uri), { host })
  const known_in = url.pathname.slice(1) || 'admin'
  if (url.username && !url.searchParams.has('authSource')) url.searchParams.set('authSource', known_in)
  url.pathname = database
  return url.href
}

/** `address` with one more option. */
export function withOption(address: string, name: string, value: string): string {
  const url = new URL(address)
  url.searchParams.set(name, value)
  return url.href
}
