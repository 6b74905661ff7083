import { expect } from 'chai'
import mongoose from 'mongoose'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { migrate } from '../../../src/store/mongo/migrate.ts'
import { MIGRATIONS } from '../../../src/store/mongo/schema.ts'
import { storeOn } from '../../../src/store/mongo/store.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { openStore } from '../../../src/store/open.ts'
import { beatOf, put, refusal } from '../../contract/kit.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { overtake } from '../../helpers/overtake.ts'

const NEXT = [...MIGRATIONS, async (db: mongoose.mongo.Db) => void (await db.createCollection('more'))]

describe('a MongoDB database @posix', function () {
  this.timeout(60_000)
  let address: string
  let raw: mongoose.Connection
  const opened: { close(): Promise<void> }[] = []
  before(needsMongo)
  beforeEach(async () => {
    address = (await mongoServer()).url()
    raw = await mongoose.createConnection(address).asPromise()
  })
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close()
    await raw.dropDatabase()
    await raw.close()
  })

  async function open(over: { init?: boolean } = {}) {
    const store = await openStore({ address, role: 'command', data_folder: '/data', is_alive: () => false, ...over })
    opened.push(store)
    return store
  }

  async function connect(): Promise<Connection> {
    const db = await Connection.open(parseUrl(address), 'command')
    opened.push(db)
    return db
  }

  const names = async () => (await raw.db?.listCollections({}, { nameOnly: true }).toArray())?.map(({ name }) => name)

  it('is created and marked once, also when many processes open it at the same time', async () => {
    const migrated: number[] = []
    const counting = MIGRATIONS.map((migration) => async (db: mongoose.mongo.Db) => {
      migrated.push(1)
      await migration(db)
    })
    const connections = await Promise.all(Array.from({ length: 8 }, connect))
    const marks = await Promise.all(
      connections.map((db) => migrate(db, { is_alive: () => false, migrations: counting })),
    )
    expect(migrated).to.deep.equal(MIGRATIONS.map(() => 1))
    expect(new Set(marks.map(({ store_id }) => store_id)).size).to.equal(1)
    const store = await open()
    const { label } = parseUrl(address)
    expect(store.info).to.include({ kind: 'mongodb', label, shared: true, schema_version: MIGRATIONS.length })
    expect(store.info.folder).to.equal(`/data/${marks[0]?.store_id}`)
    await put(store, ['a'])
  })

  it('is not taken for another program’s while another process creates it', async () => {
    const reader = await connect()
    const other = await connect()
    // The second call lists the collections; the answer comes after the other process has created them.
    overtake(reader)(2, () => migrate(other, { is_alive: () => false }))
    expect(await migrate(reader, { is_alive: () => false })).to.include({ version: MIGRATIONS.length })
    expect(await names()).to.include('jobs')
  })

  it('of another program is refused and not changed, until the user chooses it with init', async () => {
    await raw.collection('customers').insertOne({ name: 'x' })
    const error = await refusal(open())
    expect(error).to.include({ code: 'configuration', exit_code: 78 })
    expect(error.message).to.contain('"customers"')
    expect(error.hint).to.contain('queuectl init')
    expect(await names()).to.deep.equal(['customers'])
    await put(await open({ init: true }), ['a'])
    await put(await open(), ['b'])
    expect(await raw.collection('customers').countDocuments()).to.equal(1)
  })

  it('in which another program has collections of our names is refused, also with init', async () => {
    await raw.collection('jobs').insertOne({ title: 'baker' })
    expect(await refusal(open({ init: true }))).to.include({ exit_code: 78 })
    expect(await names()).to.deep.equal(['jobs'])
  })

  it('is not taken for another program’s while a majority lacks its first document', async () => {
    await raw.createCollection('meta')
    const reader = await connect()
    const lock = { _id: 'lock' as never, application: 'queuectl', holder: 'x', expires_at: new Date(0) }
    // It reads the mark, the collections, and the lock, which does not exist yet.
    overtake(reader)(4, () => raw.collection('meta').insertOne(lock))
    expect(await migrate(reader, { is_alive: () => false })).to.include({ version: MIGRATIONS.length })
    await put(await open(), ['a'])
  })

  it('whose creator died is completed by the next process', async () => {
    const broken = [async () => Promise.reject(new Error('died'))]
    const failed = migrate(await connect(), { is_alive: () => false, migrations: broken }).catch((error) => error)
    expect((await failed).message).to.contain('died')
    await raw.collection('meta').updateOne({ _id: 'lock' as never }, { $set: { expires_at: new Date(0) } })
    await put(await open(), ['a'])
  })

  it('of a newer queuectl is refused', async () => {
    await migrate(await connect(), { is_alive: () => false, migrations: NEXT })
    const error = await refusal(open())
    expect(error).to.include({ code: 'configuration', exit_code: 78 })
    expect(error.message).to.contain(`version ${NEXT.length}`)
  })

  it('is upgraded with its jobs, by one process', async () => {
    const db = await connect()
    const first = await migrate(db, { is_alive: () => false })
    await put(storeOn(db, first, '/data'), ['a'])
    const marks = await Promise.all(
      [db, await connect()].map((db) => migrate(db, { is_alive: () => false, migrations: NEXT })),
    )
    const upgraded = { version: NEXT.length, store_id: first.store_id }
    expect(marks).to.deep.equal([upgraded, upgraded])
    expect((await storeOn(db, first, '/data').get({ id: 'a' }))?.id).to.equal('a')
  })

  it('of the first version is upgraded: its jobs keep their shell', async () => {
    const db = await connect()
    const first = await migrate(db, { is_alive: () => false, migrations: MIGRATIONS.slice(0, 1) })
    await put(storeOn(db, first, '/data'), ['a'])
    await raw.collection('jobs').updateOne({}, { $unset: { shell: 1 } })
    expect((await (await open()).get({ id: 'a' }))?.shell).to.equal('default')
  })

  it('of the second version is upgraded: it gets the collection of outputs', async () => {
    const db = await connect()
    await migrate(db, { is_alive: () => false, migrations: MIGRATIONS.slice(0, 2) })
    expect(await names()).to.not.include('outputs')
    await open()
    expect((await raw.collection('outputs').indexes()).map(({ name }) => name)).to.include('job')
  })

  it('R12: is not upgraded while a registered process lives, or may live on another host', async () => {
    const db = await connect()
    const store = storeOn(db, await migrate(db, { is_alive: () => false }), '/data')
    await store.beat(beatOf('s1', ['w1']))
    const upgrade = (is_alive: () => boolean) => migrate(db, { is_alive, migrations: NEXT })
    expect(await refusal(upgrade(() => false))).to.include({ code: 'try_again', exit_code: 75 })
    await raw.collection('processes').updateMany({}, { $set: { beat_at: new Date(0) } })
    expect(await refusal(upgrade(() => true))).to.include({ exit_code: 75 })
    expect((await upgrade(() => false)).version).to.equal(NEXT.length)
  })

  it('refuses invalid documents', async () => {
    await put(await open(), ['a'])
    const impossible = [
      { state: 'processing' },
      { lease_token: 't' },
      { state: 'completed', view: 'completed' },
      { state: 'lost' },
      { view: 'dead' },
      { finished_at: new Date() },
      { cancel_requested_at: new Date() },
    ]
    for (const change of impossible) {
      const written = raw.collection('jobs').updateOne({ _id: 'a' as never }, { $set: change })
      expect(
        await written.then(
          () => 'accepted',
          () => 'refused',
        ),
        JSON.stringify(change),
      ).to.equal('refused')
    }
  })
})
