import { expect } from 'chai'
import mongoose from 'mongoose'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { openStore } from '../../../src/store/open.ts'
import { put, refusal } from '../../contract/kit.ts'
import { failPoint } from '../../helpers/fail-point.ts'
import { openFakeMongo } from '../../helpers/fake-mongo.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { queuectl } from '../../helpers/queuectl.ts'
import { skip } from '../../helpers/skip.ts'

const open = (address: string) => openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })

describe('a MongoDB server that is too old @posix', function () {
  this.timeout(60_000)
  // Wire version 13 is MongoDB 5.0, which the driver accepts; 6 is MongoDB 3.6, which it refuses.
  for (const [version, maxWireVersion] of [
    ['5.0.31', 13],
    ['3.6.23', 6],
  ] as const) {
    it(`is refused: ${version}, exit 78`, async () => {
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
        /^queuectl: MongoDB at 127\.0\.0\.1:\d+ is too old: .*\n {2}queuectl needs MongoDB 6\.0 or later\n$/,
      )
      expect(code).to.equal(78)
    })
  }
})

describe('a MongoDB server that does not report its time @posix', function () {
  this.timeout(60_000)
  for (const [localTime, shown] of [
    [undefined, 'missing'],
    ['2026-01-01T00:00:00Z', '"2026-01-01T00:00:00Z"'],
    [{ ms: 1 }, '{"ms":1}'],
  ] as const) {
    it(`is refused with the reason, exit 78: ${shown}`, async () => {
      const hello = { isWritablePrimary: true, minWireVersion: 0, maxWireVersion: 21, maxBsonObjectSize: 2 ** 24 }
      const server = await openFakeMongo({ ...hello, version: '7.0.0', ...(localTime && { localTime }) })
      const { code, stderr } = await queuectl(['status', '--db', `mongodb://${server.host}/jobs`])
      await server.close()
      expect(stderr).to.match(/^queuectl: MongoDB at 127\.0\.0\.1:\d+ does not report its time: hello\.localTime is /)
      expect(stderr).to.contain(`hello.localTime is ${shown}\n  leases depend on the server’s clock`)
      expect(code).to.equal(78)
    })
  }
})

describe('a MongoDB server that refuses indexes @posix', function () {
  this.timeout(60_000)
  let raw: mongoose.Connection
  let address: string
  before(async function () {
    await needsMongo.call(this)
    address = (await mongoServer()).url()
    raw = await mongoose.createConnection(address).asPromise()
    await failIndexes('off', {}).catch(() => skip(this, 'this server has no fail points'))
  })
  after(async () => {
    await failIndexes('off', {}).catch(() => {})
    await raw?.close()
  })

  const failIndexes = (mode: unknown, data: object) =>
    failPoint(raw, mode, { failCommands: ['createIndexes'], ...data })

  it('is named with its reason, exit 78; once it accepts them the rest is created', async () => {
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

  it('because it does not support that kind is reported to lack them', async () => {
    await raw.dropDatabase()
    await failIndexes('alwaysOn', { errorCode: 115 })
    const error = await refusal(open(address)).finally(() => failIndexes('off', {}))
    expect(error).to.include({ exit_code: 78, hint: 'queuectl needs MongoDB 6.0 or later' })
    expect(error.message).to.match(/lacks what queuectl needs: /)
  })
})
