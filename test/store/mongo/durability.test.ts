import { expect } from 'chai'
import { mongo } from 'mongoose'
import { openStore } from '../../../src/store/open.ts'
import { beatOf, claimOf, FAILURE, newJob, put, SUCCESS, settle, take } from '../../contract/kit.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { openProxy } from '../../helpers/tcp-proxy.ts'

const WRITES = ['insert', 'update', 'delete', 'findAndModify', 'create', 'createIndexes', 'bulkWrite']
const READS = ['find', 'aggregate', 'count', 'distinct']
/** The end of each run's output may be lost: it is no promise. */
const NO_PROMISE = 'outputs'

// A primary that steps down takes back what only it has. No test here can make one do so: it takes three servers, and to cut them off
// from each other. So this looks at what every command asks for, which is what the server's own promise is made for.
describe('what is written to MongoDB @posix', function () {
  this.timeout(60_000)
  before(needsMongo)

  // What an address says of it is not heeded.
  for (const options of ['w=1&journal=false&readPreference=secondaryPreferred', 'w=0&j=false&readConcernLevel=local']) {
    it(`waits for the journals of a majority, and is read from the primary, so that no new one takes it back: ${options} (F21)`, async () => {
      const seen = recorder()
      const server = await mongoServer()
      const proxy = await openProxy(server.host, seen.hear)
      try {
        await useAll(`${proxy.through(server.url())}&${options}`)
      } finally {
        await proxy.close()
      }
      const named = (names: readonly string[]) => seen.commands.filter(({ name }) => names.includes(name))
      const promised = named(WRITES).filter(({ command, name }) => command[name] !== NO_PROMISE)
      expect(new Set(promised.map(({ name }) => name))).to.include.keys('insert', 'update', 'findAndModify', 'delete')
      for (const { name, command } of promised)
        expect([name, command.writeConcern?.w, command.writeConcern?.j]).to.deep.equal([name, 'majority', true])
      expect(named(READS).length).to.be.above(3)
      for (const { name, command } of named(READS)) {
        expect([name, command.readConcern?.level]).to.deep.equal([name, 'majority'])
        // A server that is asked alone is asked so whatever it is.
        expect([undefined, 'primary', 'primaryPreferred']).to.include(command.$readPreference?.mode)
      }
    })
  }
})

/** Each kind of write and read that a job meets. */
async function useAll(address: string): Promise<void> {
  const store = await openStore({ address, role: 'worker', data_folder: '/none', is_alive: () => false })
  try {
    await put(store, ['a', 'b', 'c'], { max_retries: 0 })
    await store.insert({ jobs: Array.from({ length: 20 }, () => newJob()) })
    const job = await take(store)
    await store.renew({ worker_id: 'w1', tokens: [job.lease_token], lease_ms: 30_000 })
    await settle(store, job, SUCCESS, claimOf())
    await settle(store, await take(store), FAILURE)
    const { id, lease_token: token } = await take(store)
    await store.fence({ id, token, new_token: 'n', by: 's', lease_ms: 1_000 })
    await store.beat(beatOf('s1', ['w1']))
    await store.ask({ id: 'c1', supervisor_id: 's1', kind: 'stop', args: {} })
    await store.takeControls({ supervisor_id: 's1' })
    await store.setConfig({ key: 'grace', value: 5 })
    await store.cancel({ ids: ['c'] })
    await store.requeue({ ids: ['a'] })
    await store.purge({ states: ['dead'], older_than_ms: 0, limit: 9 })
    await store.overview()
  } finally {
    await store.close()
  }
}

/** Reads commands from what clients send (OP_MSG of the wire protocol). */
function recorder() {
  const commands: { name: string; command: mongo.Document }[] = []
  const rests = new Map<object, Buffer>()
  return {
    commands,
    hear(chunk: Buffer, client: object): void {
      let rest = Buffer.concat([rests.get(client) ?? Buffer.alloc(0), chunk])
      while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
        const message = rest.subarray(0, rest.readInt32LE(0))
        rest = rest.subarray(message.length)
        if (message.readInt32LE(12) !== 2013) continue
        // Header, flags, and the kind of the first section, which is the command.
        const command = mongo.BSON.deserialize(message.subarray(21, 21 + message.readInt32LE(21)))
        commands.push({ name: Object.keys(command)[0] ?? '', command })
      }
      rests.set(client, rest)
    },
  }
}
