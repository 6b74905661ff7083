import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { expect } from 'chai'
import mongoose from 'mongoose'
import type { Diagnosis } from '../../../src/domain/diagnosis.ts'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { examineAddress } from '../../../src/store/mongo/network.ts'
import { examineSchemaObjects } from '../../../src/store/mongo/schema-objects.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { examineStore, openStore } from '../../../src/store/open.ts'
import { put, refusal } from '../../contract/kit.ts'
import { failPoint } from '../../helpers/fail-point.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { collect, queuectl, startQueuectl } from '../../helpers/queuectl.ts'
import { skip } from '../../helpers/skip.ts'

const TERMINAL = ['python3', fileURLToPath(new URL('../../fixtures/terminal.py', import.meta.url))]

const bad = (findings: readonly Diagnosis[]) => findings.filter(({ level }) => level !== 'ok')
const reported = (findings: readonly Diagnosis[]) => bad(findings).map(({ check, message }) => `${check}: ${message}`)

describe('the examination of a MongoDB address @posix', function () {
  this.timeout(60_000)
  const about = (url: string) => reported(examineAddress(parseUrl(url)))

  it('accepts a server on this host, or an encrypted connection with a login', () => {
    for (const url of [
      'mongodb://localhost/queue',
      'mongodb://127.0.0.1:27017,[::1]:27018/queue',
      'mongodb://me:secret@db.example/queue?tls=true',
      'mongodb+srv://me:secret@db.example/queue',
      'mongodb://db.example/queue?ssl=true&authMechanism=MONGODB-X509',
    ]) {
      expect(about(url), url).to.deep.equal([])
    }
  })

  it('warns of a connection that others can read, of an unchecked certificate, and of a missing login', () => {
    expect(about('mongodb://me:secret@db.example/queue')).to.have.length(1)
    expect(about('mongodb://me:secret@db.example/queue')[0]).to.match(/the connection to db\.example is not encrypted/)
    expect(about('mongodb://localhost,db.example/queue?tls=true').join()).to.match(/without a login/)
    expect(about('mongodb+srv://me:secret@db.example/queue?tls=false').join()).to.match(/not encrypted/)
    expect(about('mongodb://localhost/queue?tls=true&tlsInsecure=true').join()).to.match(/certificate .* not verified/)
  })

  it('warns of options that are ignored', () => {
    expect(about('mongodb://localhost/queue?appName=a&w=majority&maxPoolSize=50&w=1&wtimeout=77')).to.deep.equal([
      'network: ignored in the address: maxPoolSize=50, w=1, wtimeout=77; queuectl sets durability, time-outs and connections itself',
    ])
  })
})

describe('the examination of a MongoDB database @posix', function () {
  this.timeout(60_000)
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

  /** Without the warning about a single server: tests may run on one. */
  const unexpected = (findings: readonly Diagnosis[]) =>
    reported(findings).filter((text) => !/^replication: a single server/.test(text))
  const open = () => openStore({ address, role: 'command', data_folder: '/data', is_alive: () => false })

  async function look<T>(
    work: (examination: Awaited<ReturnType<typeof examineStore>>) => T | Promise<T>,
    of = address,
  ): Promise<T> {
    const examination = await examineStore({ address: of })
    try {
      return await work(examination)
    } finally {
      await examination.close()
    }
  }

  it('is not misled by jobs that are stored meanwhile', async () => {
    const store = await open()
    const db = await Connection.open(parseUrl(address), 'command')
    try {
      const call = db.call.bind(db)
      let [under_way, stored] = [0, 0]
      // Of queries at the same time, the first is answered after another job is stored.
      db.call = async (...args) => {
        if (under_way++ === 0) await put(store, [`job${++stored}`])
        return call(...args).finally(() => under_way--) as never
      }
      expect(reported(await examineSchemaObjects(db))).to.deep.equal([])
      expect(stored).to.be.above(2)
    } finally {
      await db.close()
      await store.close()
    }
  })

  it('finds no problem in a sound queue', async () => {
    const store = await open()
    await put(store, ['a', 'b'])
    await store.close()
    await look(({ findings, usable }) => {
      expect(unexpected(findings)).to.deep.equal([])
      expect(usable).to.equal(true)
      const checks = findings.map(({ check }) => check)
      expect(checks).to.include.members(['store', 'schema', 'network', 'replication', 'clock', 'indexes', 'counters'])
    })
  })

  it('reports that a database is empty, and creates nothing', async () => {
    await look(({ findings, usable }) => {
      expect(unexpected(findings)).to.have.length(1)
      expect(unexpected(findings)[0]).to.match(/store: no queue at mongodb:.* yet: the database is empty/)
      expect(usable).to.equal(false)
    })
    expect(await raw.db?.listCollections().toArray()).to.deep.equal([])
  })

  it('names the reason why a queue cannot be opened', async () => {
    await raw.collection('customers').insertOne({ name: 'x' })
    await look(({ findings, usable }) => {
      expect(unexpected(findings).join()).to.match(/store: .* holds the collection "customers" of another program/)
      expect(usable).to.equal(false)
    })
    await raw.dropDatabase()
    await (await open()).close()
    await raw.collection('meta').updateOne({ _id: 'schema' as never }, { $set: { version: 99 } })
    await look(({ findings }) => expect(unexpected(findings).join()).to.match(/schema version 99.*up to/))
    await raw.collection('meta').updateOne({ _id: 'schema' as never }, { $set: { version: 1 } })
    await look(({ findings, usable }) => {
      expect(unexpected(findings).join()).to.match(/schema: version 1 of \d+: not upgraded yet/)
      expect(usable).to.equal(false)
    })
    const away = 'mongodb://127.0.0.1:1/queue'
    await look(({ findings }) => expect(unexpected(findings).join()).to.match(/store: .* cannot be reached/), away)
    await look(({ findings }) => expect(unexpected(findings).join()).to.match(/not a valid MongoDB URL/), 'mongodb://')
  })

  it('creates indexes, the validator of jobs and counters again', async () => {
    const store = await open()
    await put(store, ['a', 'b', 'c'])
    await raw.collection('jobs').dropIndex('held')
    await raw.collection('controls').dropIndex('asked')
    await raw.collection('controls').createIndex({ seq: 1 }, { name: 'asked' })
    await raw.db?.command({ collMod: 'jobs', validator: {} })
    await raw.collection('meta').deleteOne({ _id: 'jobs' as never })
    await look(async ({ findings, usable }) => {
      expect(usable).to.equal(true)
      expect(unexpected(findings)).to.deep.equal([
        'indexes: changed since queuectl created them: controls.asked',
        'indexes: missing: jobs.held',
        'validator: the server does not refuse invalid jobs',
        'counters: missing or behind: jobs; new jobs cannot be stored or would run before old ones',
      ])
      for (const { mend } of findings) await mend?.()
    })
    await look(({ findings }) =>
      expect(unexpected(findings)).to.deep.equal(['indexes: changed since queuectl created them: controls.asked']),
    )
    await put(store, ['d'])
    const order = await store.list({ sort: 'oldest', limit: 9 })
    expect(order.map(({ id }) => id)).to.deep.equal(['a', 'b', 'c', 'd'])
    await store.close()
  })

  it('finds damaged counters, ignores damaged job numbers, and sets the counters', async () => {
    const store = await open()
    await put(store, ['a', 'b', 'c'])
    const [meta, jobs] = [raw.collection<{ _id: string }>('meta'), raw.collection<{ _id: string }>('jobs')]
    await jobs.updateOne({ _id: 'a' }, { $set: { seq: 'x' } })
    await jobs.updateOne({ _id: 'b' }, { $set: { seq: [1, 99] } })
    for (const value of ['x', null, [1], {}, new Date(), Number.NaN, Number.POSITIVE_INFINITY, 2.5]) {
      await meta.updateOne({ _id: 'jobs' }, { $set: { value } })
      const error = await refusal(put(store, ['refused']))
      expect(error, inspect(value)).to.include({ exit_code: 78 })
      expect(error.hint, inspect(value)).to.contain('doctor')
      await look(async ({ findings }) => {
        expect(unexpected(findings).join(), inspect(value)).to.match(/^counters: missing or behind: jobs;/)
        for (const { mend } of findings) await mend?.()
      })
      expect(await meta.findOne({ _id: 'jobs' }), inspect(value)).to.include({ value: 3 })
    }
    await look(({ findings }) => expect(unexpected(findings)).to.deep.equal([]))
    await store.close()
  })

  it('names the role that may set the validator of jobs: readWrite is enough for all else, but not for this @slow', async function () {
    const refuse = (mode: string) => failPoint(raw, mode, { failCommands: ['collMod'], errorCode: 13 })
    await refuse('off').catch(() => skip(this, 'no fail points'))
    await (await open()).close()
    await raw.db?.command({ collMod: 'jobs', validator: {} })
    const name = new URL(address).pathname.slice(1)
    await look(({ findings }) => {
      const [validator] = findings.filter(({ check }) => check === 'validator')
      expect(validator?.remedy).to.match(new RegExp(`for a user with the roles readWrite and dbAdmin on .*"${name}"$`))
    })
    await refuse('alwaysOn')
    const { code, stdout } = await queuectl(['doctor', '--fix', '--db', address]).finally(() => refuse('off'))
    expect(code).to.equal(1)
    expect(stdout).to.match(
      new RegExp(
        `: setting the validator requires the right collMod\\n +give the user also the role dbAdmin on the database "${name}"`,
      ),
    )
    const { stdout: fixed } = await queuectl(['doctor', '--fix', '--db', address])
    expect(fixed).to.match(/^\w+ +validator +the server now refuses invalid jobs\n/)
  })

  it('does not give up while the server builds indexes, and shows the progress on a terminal @slow', async function () {
    if (spawnSync('python3', ['-c', 'import pty']).status !== 0) skip(this, 'no Python with pty')
    this.timeout(120_000)
    const block = (mode: string, blockTimeMS: number) =>
      failPoint(raw, mode, { failCommands: ['createIndexes'], blockConnection: true, blockTimeMS })
    await block('off', 0).catch(() => skip(this, 'no fail points'))
    await (await open()).close()
    await raw.collection('jobs').dropIndex('held')
    // Longer than any other client waits for an answer, with all its tries.
    await block('alwaysOn', 17_000)
    const doctor = startQueuectl(['doctor', '--fix', '--db', address], { through: TERMINAL, env: { NO_COLOR: '1' } })
    const { code, stdout } = await collect(doctor).finally(() => block('off', 0))
    expect(stdout).to.match(
      /^queuectl: .*creating indexes in mongodb:\S+.* \d+ s\b.*\r\n\w+ +indexes +created again: jobs\.held\r\n/,
    )
    expect(code).to.equal(0)
  })
})
