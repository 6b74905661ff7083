import { expect } from 'chai'
import type { mongo } from 'mongoose'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { migrate } from '../../../src/store/mongo/migrate.ts'
import { storeOn } from '../../../src/store/mongo/store.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import type { JobStore, StoreRole } from '../../../src/store/port.ts'
import { beatOf, claimOf, FAILURE, newJob, put, SUCCESS, settle, take } from '../../contract/kit.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'

const WRITES = ['insert', 'update', 'delete', 'findAndModify', 'create', 'createIndexes', 'collMod', 'bulkWrite']
const READS = ['find', 'aggregate', 'count', 'distinct']
/** The end of each run's output may be lost while the run goes on: it is not promised. */
const NO_PROMISE = 'outputs'
/** The longest time for a call of the store, and so the longest that a server waits for its majority. */
const DEADLINE_MS = { command: 5_000, supervisor: 10_000, worker: 10_000 }

interface Sent {
  name: string
  command: mongo.Document
}

// A primary that steps down rolls back writes that only it has. No test here can cause that: it needs three servers
// that are cut off from each other. So this checks the concerns of every command, on which the server's own promise
// depends.
describe('what is written to MongoDB @posix', function () {
  this.timeout(60_000)
  before(needsMongo)

  const cases: [role: StoreRole, options: string][] = [
    ['command', ''],
    ['supervisor', ''],
    ['worker', ''],
    ['worker', 'w=1&wtimeout=77&fsync=false&journal=false&readConcernLevel=local&readPreference=secondaryPreferred'],
    ['command', 'w=0&wtimeoutMS=77&socketTimeoutMS=77&timeoutMS=77&readPreference=nearest&maxStalenessSeconds=120'],
    ['command', 'retryWrites=false&retryReads=false&directConnection=true'],
    ['worker', 'appName=x&maxPoolSize=9&minPoolSize=1&compressors=zstd,zlib'],
  ]
  for (const [role, options] of cases) {
    it(`waits for the journals of a majority as long as the call may take, and is read from the primary: ${role} ${options} (F21)`, async () => {
      const warnings: string[] = []
      const onWarning = ({ message }: Error) => warnings.push(message)
      process.on('warning', onWarning)
      const sent = await sentBy(role, options).finally(() => process.off('warning', onWarning))
      expect(warnings).to.deep.equal([])
      expectDurable(sent, DEADLINE_MS[role])
    })
  }
})

function expectDurable(sent: readonly Sent[], wtimeout: number): void {
  const named = (names: readonly string[]) => sent.filter(({ name }) => names.includes(name))
  const isTail = ({ name, command }: Sent) => name === 'update' && command.update === NO_PROMISE
  const promised = named(WRITES).filter((command) => !isTail(command))
  // A patient client creates collections and indexes: the rules for all commands cover it.
  const kinds = ['insert', 'update', 'findAndModify', 'delete']
  expect(new Set(promised.map(({ name }) => name))).to.include.keys(...kinds)
  for (const { name, command } of promised) {
    const text = `${name} ${command[name]}`
    expect(command.writeConcern, text).to.deep.equal({ w: 'majority', wtimeout, j: true })
  }
  const tails = sent.filter(isTail)
  expect(tails).to.have.length(1)
  for (const { command } of tails) expect(command.writeConcern).to.deep.equal({ w: 1 })
  expect(named(READS).length).to.be.above(3)
  for (const { name, command } of named(READS)) {
    expect([name, command.readConcern?.level]).to.deep.equal([name, 'majority'])
    // With a direct connection the driver sends primaryPreferred, whatever the server is.
    expect([undefined, 'primary', 'primaryPreferred']).to.include(command.$readPreference?.mode)
  }
}

/** The commands sent when a store is created and each of its methods is used. */
async function sentBy(role: StoreRole, options: string): Promise<Sent[]> {
  const url = (await mongoServer()).url()
  const address = parseUrl(`${url}${url.includes('?') ? '&' : '?'}monitorCommands=true&${options}`)
  const db = await Connection.open(address, role)
  const sent: Sent[] = []
  db.db.client.on('commandStarted', ({ commandName: name, command }) => sent.push({ name, command }))
  try {
    await useAll(storeOn(db, await migrate(db, { is_alive: () => false }), '/none'))
    return sent
  } finally {
    await db.close()
  }
}

/** Each kind of write and read. */
async function useAll(store: JobStore): Promise<void> {
  await put(store, ['a', 'b', 'c', 'd'], { max_retries: 0 })
  await store.insert({ jobs: Array.from({ length: 20 }, () => newJob()) })
  const job = await take(store)
  await store.renew({ worker_id: 'w1', tokens: [job.lease_token], lease_ms: 30_000 })
  const output = { token: job.lease_token, job: job.id, run: 1, host: 'h', path: '/x', bytes: 1, ended: false }
  await store.keepOutputs({ outputs: [{ ...output, tail: Buffer.from('x') }] })
  await settle(store, job, SUCCESS, claimOf())
  await settle(store, await take(store), FAILURE)
  const { id, lease_token: token } = await take(store)
  await store.fence({ id, token, new_token: 'n', by: 's', lease_ms: 1_000 })
  const sample = { supervisor_id: 's1', done: 1, failed: 0, processes: [] }
  await store.beat({ ...beatOf('s1', ['w1'], [token]), sample })
  await store.ask({ id: 'c1', supervisor_id: 's1', kind: 'stop', args: {} })
  await store.takeControls({ supervisor_id: 's1' })
  await store.answer({ id: 'c1', result: null })
  await store.setConfig({ key: 'grace', value: 5 })
  await store.setConfig({ key: 'grace', value: null, unset: true })
  await put(store, ['later'], { delay_ms: 60_000 })
  await store.promote({ ids: ['later'] })
  await store.cancel({ ids: ['d'] })
  await store.requeue({ ids: ['a'] })
  await store.purge({ states: ['dead'], older_than_ms: 0, limit: 9 })
  await store.deregister({ ids: ['w1', 's1'] })
  await store.overview()
}
