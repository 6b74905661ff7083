import { expect } from 'chai'
import mongoose from 'mongoose'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { watchChanges } from '../../../src/store/mongo/watch.ts'
import { examineStore, openStore } from '../../../src/store/open.ts'
import type { Hint, StoreRole } from '../../../src/store/port.ts'
import { mustGet, put, take, until } from '../../contract/kit.ts'
import { failPoint } from '../../helpers/fail-point.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { skip } from '../../helpers/skip.ts'

describe('a change stream of a MongoDB server @posix', function () {
  this.timeout(60_000)
  let address: string
  let raw: mongoose.Connection
  const opened: { close(): unknown }[] = []
  before(async function () {
    await needsMongo.call(this)
    if (!(await mongoServer()).replica_set) skip(this, 'no replica set')
  })
  beforeEach(async () => {
    address = (await mongoServer()).url()
    raw = await mongoose.createConnection(address).asPromise()
  })
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close()
    await refuse('off').catch(() => {})
    await raw.dropDatabase()
    await raw.close()
  })

  const refuse = (mode: unknown, errorCode = 115, appName = 'queuectl worker') =>
    failPoint(raw, mode, { failCommands: ['aggregate'], errorCode, appName })

  /** A watch, with the hints that it received, and the times when it requested a stream and when that was refused. */
  async function watching(role: StoreRole = 'worker') {
    const db = await Connection.open(parseUrl(`${address}?monitorCommands=true`), role)
    const [hints, requested, refused]: [Hint[], number[], number[]] = [[], [], []]
    db.db.client.on('commandStarted', ({ commandName }) => {
      if (commandName === 'aggregate') requested.push(performance.now())
    })
    db.db.client.on('commandFailed', ({ commandName }) => {
      if (commandName === 'aggregate') refused.push(performance.now())
    })
    opened.push(
      db,
      watchChanges(db, (hint) => hints.push(hint)),
    )
    return { hints, requested, refused }
  }

  const jobs = () => raw.collection<{ _id: string }>('jobs')
  let made = 0
  const insert = () => jobs().insertOne({ _id: `made${made++}` })

  it('is opened again when the database is dropped under it', async () => {
    await insert()
    const { hints, requested } = await watching()
    await until(async () => (await insert()) && hints.length > 0)
    await raw.dropDatabase()
    await until(() => requested.length > 1)
    const { length } = hints
    await until(async () => (await insert()) && hints.length > length)
  })

  it('reports an update that the server logs as a replacement', async () => {
    const store = await openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })
    opened.push(store)
    await put(store, ['a', 'later'], { delay_ms: 60_000 })
    const { hints } = await watching()
    await until(async () => {
      await put(store, [`made${made++}`], { delay_ms: 60_000 })
      return hints.includes('new_jobs')
    })
    const later = await jobs().findOne({ _id: 'later' })
    expect(hints).to.not.include('anything')
    await jobs().replaceOne({ _id: 'later' }, { ...later, view: 'ready' })
    await until(() => hints.includes('anything'))
    await store.promote({ ids: ['a'] })
    const { id } = await take(store)
    const length = hints.filter((hint) => hint === 'anything').length
    await jobs().replaceOne({ _id: id }, { ...(await jobs().findOne({ _id: id })), cancel_requested_at: new Date() })
    await until(() => hints.filter((hint) => hint === 'anything').length > length)
    expect((await mustGet(store, id)).cancel_requested_at).to.be.a('number')
  })

  it('that the server does not support is never requested again; a refused one is, less and less often', async function () {
    await refuse('alwaysOn', 115).catch(() => skip(this, 'no fail points'))
    const without = await watching()
    await until(() => without.refused.length === 1)
    await refuse('alwaysOn', 13)
    const { requested } = await watching()
    await until(() => requested.length >= 4)
    expect(Number(requested[3]) - Number(requested[0])).to.be.above(3_000)
    expect(without.requested).to.have.length(1)
  })

  it('that cannot be opened is a finding of doctor: only polling remains', async function () {
    await (await openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })).close()
    const findings = async () => {
      const { findings, close } = await examineStore({ address })
      await close()
      return findings.filter(({ check }) => check === 'streams')
    }
    expect(await findings()).to.deep.equal([])
    await refuse('alwaysOn', 115, 'queuectl command').catch(() => skip(this, 'no fail points'))
    const [finding] = await findings()
    expect(finding).to.include({ level: 'warning' })
    expect(finding?.message).to.match(/cannot open change streams.*polling/)
  })
})
