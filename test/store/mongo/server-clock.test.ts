import { expect } from 'chai'
import { mongo } from 'mongoose'
import { ALL_QUEUES } from '../../../src/domain/claim-filter.ts'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { ServerClock } from '../../../src/store/mongo/server-clock.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { openStore } from '../../../src/store/open.ts'
import { CLOCK_MS, LEASE_MS, mustGet, put, take, until } from '../../contract/kit.ts'
import { openFakeMongo } from '../../helpers/fake-mongo.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'

const HOUR_MS = 3_600_000

describe('the clock of a MongoDB store (F25) @posix', function () {
  this.timeout(60_000)
  const { now } = Date
  before(needsMongo)
  afterEach(() => {
    Date.now = now
  })

  async function withStore(work: (store: Awaited<ReturnType<typeof openStore>>) => Promise<void>): Promise<void> {
    const address = (await mongoServer()).url()
    const store = await openStore({ address, role: 'worker', data_folder: '/none', is_alive: () => false })
    await work(store)
    await store.close()
  }

  for (const skew of [-HOUR_MS, HOUR_MS]) {
    it(`is the server’s, on a host that is ${skew > 0 ? 'ahead' : 'behind'} by an hour`, async () => {
      Date.now = () => now() + skew
      await withStore(async (store) => {
        expect(store.now()).to.be.closeTo(now(), CLOCK_MS)
        await put(store, ['a'])
        const job = await take(store)
        expect(job.created_at).to.be.closeTo(now(), CLOCK_MS)
        expect(Number(job.lease_expires_at) - now()).to.be.within(LEASE_MS - CLOCK_MS, LEASE_MS)
        await put(store, ['b'], { delay_ms: 60_000 })
        expect((await store.claim(claim())).next_due_ms).to.be.within(60_000 - CLOCK_MS, 60_000 + CLOCK_MS)
      })
    })
  }

  it('does not jump with this host’s', async () => {
    await withStore(async (store) => {
      Date.now = () => now() + HOUR_MS
      expect(store.now()).to.be.closeTo(now(), CLOCK_MS)
      await put(store, ['a'])
      expect((await mustGet(store, 'a')).created_at).to.be.closeTo(now(), CLOCK_MS)
    })
  })
})

describe('the clock of a server @posix', () => {
  it('stays doubtful when it is doubted during a reading, which may come from the previous server', async () => {
    const clock = new ServerClock()
    await clock.measure(async () => {
      clock.doubt()
      return new Date(5)
    })
    expect(clock.doubtful).to.equal(true)
    await clock.measure(async () => new Date())
    expect(clock.doubtful).to.equal(false)
  })
})

describe('the clock of a MongoDB store after a change of the primary @posix', function () {
  this.timeout(60_000)
  const primary = { setName: 'r', isWritablePrimary: true, secondary: false, localTime: new Date() }
  let server: Awaited<ReturnType<typeof openFakeMongo>>
  let db: Connection
  beforeEach(async () => {
    Object.assign(primary, { localTime: new Date() })
    const limits = { minWireVersion: 0, maxWireVersion: 21, maxBsonObjectSize: 2 ** 24, version: '7.0.0' }
    const answer = Object.assign(primary, limits, { hosts: [] as string[] })
    server = await openFakeMongo(answer)
    answer.hosts.push(server.host)
    const address = parseUrl(`mongodb://${server.host}/jobs`)
    // Set here, since an address cannot set how often the driver checks the server.
    const driver_url = `${address.driver_url}?heartbeatFrequencyMS=500`
    db = await Connection.open({ ...address, driver_url }, 'command')
    expect(await db.call(async () => db.now())).to.be.closeTo(Date.now(), CLOCK_MS)
    primary.localTime = new Date(Date.now() + HOUR_MS)
  })
  afterEach(async () => {
    await db.close()
    await server.close()
  })

  it('is the new primary’s after an error that reports the change', async () => {
    const time = await db.call(async (again) => {
      if (!again) throw new mongo.MongoServerError({ message: 'stepped down', code: 189 })
      return db.now()
    })
    expect(time).to.be.closeTo(Date.now() + HOUR_MS, CLOCK_MS)
  })

  it('is the new primary’s when no call has failed', async () => {
    const types: string[] = []
    db.db.client.on('serverDescriptionChanged', ({ newDescription }) => types.push(newDescription.type))
    Object.assign(primary, { isWritablePrimary: false, secondary: true })
    await until(() => types.at(-1) === 'RSSecondary')
    Object.assign(primary, { isWritablePrimary: true, secondary: false })
    await until(() => types.at(-1) === 'RSPrimary')
    expect(await db.call(async () => db.now())).to.be.closeTo(Date.now() + HOUR_MS, CLOCK_MS)
  })
})

const claim = () => ({ worker_id: 'w', host: 'h', token: 't', filter: ALL_QUEUES, lease_ms: LEASE_MS })
