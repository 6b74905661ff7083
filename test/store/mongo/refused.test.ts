import { expect } from 'chai'
import mongoose from 'mongoose'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { openStore } from '../../../src/store/open.ts'
import { put, refusal } from '../../contract/kit.ts'
import { openFakeMongo } from '../../helpers/fake-mongo.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { queuectl } from '../../helpers/queuectl.ts'

const open = (address: string) => openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })

describe('a MongoDB server that does not fit', function () {
  this.timeout(60_000)
  // Wire version 13 is MongoDB 5.0, which the driver takes; 6 is MongoDB 3.6, which it does not.
  for (const [version, maxWireVersion] of [
    ['5.0.31', 13],
    ['3.6.23', 6],
  ] as const) {
    it(`is refused as too old: ${version}, exit 78`, async () => {
      const hello = {
        isWritablePrimary: true,
        ismaster: true,
        minWireVersion: 0,
        maxWireVersion,
        localTime: new Date(),
      }
      const server = await openFakeMongo({ ...hello, maxBsonObjectSize: 2 ** 24, version })
      const { code, stderr } = await queuectl(['status', '--db', `mongodb://${server.host}/jobs`])
      await server.close()
      expect(stderr).to.match(
        /^queuectl: MongoDB at 127\.0\.0\.1:\d+ is too old: .*\n {2}MongoDB 6\.0 or later is needed\n$/,
      )
      expect(code).to.equal(78)
    })
  }
})

describe('a MongoDB server that does not tell its time', function () {
  this.timeout(60_000)
  for (const [localTime, said] of [
    [undefined, 'nothing'],
    ['2026-01-01T00:00:00Z', '"2026-01-01T00:00:00Z"'],
    [{ ms: 1 }, '{"ms":1}'],
  ] as const) {
    it(`is refused in words, exit 78: ${said}`, async () => {
      const hello = { isWritablePrimary: true, minWireVersion: 0, maxWireVersion: 21, maxBsonObjectSize: 2 ** 24 }
      const server = await openFakeMongo({ ...hello, version: '7.0.0', ...(localTime && { localTime }) })
      const { code, stderr } = await queuectl(['status', '--db', `mongodb://${server.host}/jobs`])
      await server.close()
      expect(stderr).to.match(/^queuectl: MongoDB at 127\.0\.0\.1:\d+ does not tell its time: hello\.localTime is /)
      expect(stderr).to.contain(`hello.localTime is ${said}\n  leases hold by the clock of the server`)
      expect(code).to.equal(78)
    })
  }
})

describe('a MongoDB server that refuses indexes', function () {
  this.timeout(60_000)
  let admin: mongoose.mongo.Admin
  let raw: mongoose.Connection
  let address: string
  before(async function () {
    await needsMongo.call(this)
    address = (await mongoServer()).url()
    raw = await mongoose.createConnection(address).asPromise()
    admin = (raw.db as mongoose.mongo.Db).admin()
    await failIndexes('off', {}).catch(() => this.skip())
  })
  after(async () => {
    await failIndexes('off', {}).catch(() => {})
    await raw?.close()
  })

  const failIndexes = (mode: unknown, data: object) =>
    admin.command({ configureFailPoint: 'failCommand', mode, data: { failCommands: ['createIndexes'], ...data } })

  it('is named with its reason, exit 78; when it does not any more the rest is made', async () => {
    await failIndexes('alwaysOn', { errorCode: 67 })
    const error = await refusal(open(address))
    expect(error).to.include({ code: 'configuration', exit_code: 78 })
    expect(error.message).to.contain(parseUrl(address).label)
    await failIndexes('off', {})
    const store = await open(address)
    await put(store, ['a'])
    expect((await store.list({ sort: 'newest', limit: 2 })).map(({ id }) => id)).to.deep.equal(['a'])
    await store.close()
  })

  it('as it has none of that kind, is said to lack them', async () => {
    await raw.dropDatabase()
    await failIndexes('alwaysOn', { errorCode: 115 })
    const error = await refusal(open(address)).finally(() => failIndexes('off', {}))
    expect(error).to.include({ exit_code: 78, hint: 'queuectl needs MongoDB 6.0 or later' })
    expect(error.message).to.match(/lacks what queuectl needs: /)
  })
})
