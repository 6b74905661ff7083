import { tmpdir } from 'node:os'
import mongoose from 'mongoose'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { mongoServer } from '../helpers/mongo-server.ts'
import type { Bench } from './kit.ts'

/** One server for all tests of a run: starting one for each would take most of their time. */
let database: string | null = null

/** A database that no other test uses, emptied after each test. */
export async function mongoBench(): Promise<Bench> {
  const server = await mongoServer()
  database ??= server.url()
  const address = database
  const opened: JobStore[] = []
  return {
    address,
    scale: server.slow ? 0.05 : 1,
    hears: server.replica_set,
    async open(role = 'command') {
      const store = await openStore({ address, role, data_folder: tmpdir(), is_alive: () => false })
      opened.push(store)
      return store
    },
    async endTogether() {
      const connection = await mongoose.createConnection(address).asPromise()
      const ended = { finished_at: { $gt: new Date(0) } }
      await connection.db?.collection('jobs').updateMany(ended, { $set: { finished_at: new Date() } })
      await connection.close()
    },
    async dispose() {
      await Promise.all(opened.map((store) => store.close()))
      await empty(address)
    },
  }
}

async function empty(address: string): Promise<void> {
  const connection = await mongoose.createConnection(address).asPromise()
  const collections = (await connection.db?.collections()) ?? []
  const ours = collections.filter(({ collectionName }) => collectionName !== 'meta')
  await Promise.all(ours.map((collection) => collection.deleteMany({})))
  await connection.close()
}
