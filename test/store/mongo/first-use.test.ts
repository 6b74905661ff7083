import { expect } from 'chai'
import mongoose from 'mongoose'
import { EPOCH } from '../../../src/store/mongo/schema.ts'
import { openStore } from '../../../src/store/open.ts'
import { beatOf, put, refusal } from '../../contract/kit.ts'
import { failPoint } from '../../helpers/fail-point.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { queuectl } from '../../helpers/queuectl.ts'
import { skip } from '../../helpers/skip.ts'
import { tempFolder } from '../../helpers/temp.ts'

describe('the first use of a MongoDB database @posix', function () {
  this.timeout(120_000)
  let address: string
  let raw: mongoose.Connection
  before(needsMongo)
  beforeEach(async () => {
    address = (await mongoServer()).url()
    raw = await mongoose.createConnection(address).asPromise()
  })
  afterEach(async () => {
    await raw.dropDatabase()
    await raw.close()
  })

  const open = (over: { init?: boolean; is_alive?: () => boolean } = {}) =>
    openStore({ address, role: 'command', data_folder: '/data', is_alive: () => false, ...over })
  const names = async () => (await raw.db?.listCollections({}, { nameOnly: true }).toArray())?.map(({ name }) => name)
  const meta = () => raw.collection<{ _id: string | mongoose.Types.ObjectId }>('meta')
  const lock = { _id: 'lock', application: 'queuectl', holder: 'x', expires_at: EPOCH }

  async function becomesQueue(): Promise<void> {
    const store = await open()
    await put(store, ['a'])
    expect((await store.list({ sort: 'newest', limit: 2 })).map(({ id }) => id)).to.deep.equal(['a'])
    await store.close()
  }

  it('works for six commands at once: each job is stored once', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']
    const env = { QUEUECTL_HOME: tempFolder() }
    const ended = await Promise.all(
      ids.map((id) => queuectl(['enqueue', '--db', address, '--id', id, '--', 'true'], { env })),
    )
    expect(ended.map(({ code, stderr }) => `${code}${stderr}`)).to.deep.equal(ids.map(() => '0'))
    const stored = await raw.collection('jobs').find().toArray()
    expect(stored.map(({ _id }) => String(_id)).sort()).to.deep.equal(ids)
    const documents = await meta().find().toArray()
    expect(documents.map(({ _id }) => String(_id)).sort()).to.deep.equal(['controls', 'jobs', 'lock', 'schema'])
  })

  it('sends nothing that a server refuses in an upsert', async () => {
    const filters: string[] = []
    mongoose.set('debug', (collection, _method, filter, _update, options) => {
      if (options?.upsert) filters.push(`${collection} ${JSON.stringify(filter)}`)
    })
    await becomesQueue().finally(() => mongoose.set('debug', false))
    expect(filters).to.include('meta {"_id":"lock"}')
    // https://github.com/mongodb/mongo/blob/v6.0/jstests/core/expr.js, and the same for $where and $near
    expect(filters.filter((text) => /\$(?:expr|where|near|geoNear|nearSphere)\b/.test(text))).to.deep.equal([])
  })

  it('goes on after a failed first use that left an empty "meta"', async () => {
    await raw.createCollection('meta')
    await becomesQueue()
  })

  it('goes on after a process that died with the lock, or during the test of the server', async () => {
    await meta().insertMany([lock, { _id: 'probe-x' }])
    await becomesQueue()
  })

  it('goes on after the database was dropped under a supervisor, once that has stopped', async () => {
    const alive = new Set<string>()
    const reopen = () => open({ is_alive: () => alive.size > 0 })
    const store = await open()
    await raw.dropDatabase()
    const sample = { supervisor_id: 's1', done: 0, failed: 0, processes: [] }
    await store.beat({ ...beatOf('s1', ['w1']), sample })
    expect((await names())?.sort()).to.deep.equal(['processes', 'samples'])
    alive.add('s1')
    const error = await refusal(reopen())
    expect(error).to.include({ code: 'try_again', exit_code: 75 })
    expect(error.message).to.match(/was dropped while process \d+ on \S+ used it$/)
    await store.deregister({ ids: ['s1', 'w1'] })
    await store.close()
    await becomesQueue()
    expect((await raw.collection('samples').indexes()).map(({ name }) => name)).to.include('expiry')
  })

  it('is refused if collections with our names contain foreign documents', async () => {
    await raw.collection('processes').insertOne({ kind: 'worker', identity: { pid: 1 }, beat_at: new Date() })
    await raw.collection('samples').insertOne({ at: new Date() })
    expect((await refusal(open())).message).to.match(/belongs to another program: it has the collection "samples"/)
    await raw.dropDatabase()
    await raw.createCollection('processes')
    expect((await refusal(open())).message).to.match(/belongs to another program: it has the collection "processes"/)
  })

  it('goes on in a database of another program too, once the user has chosen it with init', async () => {
    await raw.collection('customers').insertOne({ name: 'x' })
    await raw.createCollection('meta')
    expect((await refusal(open())).message).to.match(/holds the collection "customers" of another program/)
    await (await open({ init: true })).close()
    await becomesQueue()
  })

  it('of a server that lacks a feature is refused in one line, exit 78, and succeeds later', async function () {
    const refuse = (mode: string, errorCode: number) =>
      failPoint(raw, mode, { failCommands: ['findAndModify'], errorCode })
    await refuse('alwaysOn', 168).catch(() => skip(this, 'no fail points'))
    const { code, stdout, stderr } = await queuectl(['init', '--db', address]).finally(() => refuse('off', 168))
    expect(stderr).to.match(
      /^queuectl: MongoDB at \S+ lacks what queuectl needs: updates by a pipeline, with upsert \(.*\)\n {2}queuectl needs MongoDB 6\.0 or later\n$/,
    )
    expect({ code, stdout }).to.deep.equal({ code: 78, stdout: '' })
    expect(await names()).to.not.include('jobs')
    expect((await queuectl(['init', '--db', address])).code).to.equal(0)
  })

  const strange: Record<string, () => Promise<unknown>> = {
    'contains a foreign document': () => meta().insertOne({ _id: new mongoose.Types.ObjectId() }),
    'contains a foreign document beside our lock': () => meta().insertMany([lock, { _id: 'settings' }]),
    'has a lock of another program': () => meta().insertOne({ ...lock, application: 'other' } as never),
    'has an index': () => meta().createIndex({ name: 1 }),
    'has a validator': () => raw.createCollection('meta', { validator: { name: { $type: 'string' } } }),
  }
  for (const [how, make] of Object.entries(strange)) {
    it(`is refused if "meta" ${how}`, async () => {
      await make()
      const before = await meta().find().toArray()
      for (const init of [false, true]) {
        const error = await refusal(open({ init }))
        expect(error).to.include({ code: 'configuration', exit_code: 78 })
        expect(error.message).to.match(/belongs to another program: it has the collection "meta"/)
      }
      expect(await names()).to.deep.equal(['meta'])
      expect(await meta().find().toArray()).to.deep.equal(before)
    })
  }
})
