import { expect } from 'chai'
import { ALL_QUEUES } from '../../../src/domain/claim-filter.ts'
import { openStore } from '../../../src/store/open.ts'
import { CLOCK_MS, LEASE_MS, mustGet, put, take } from '../../contract/kit.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'

const HOUR_MS = 3_600_000

describe('the clock of a MongoDB store (F25)', function () {
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

const claim = () => ({ worker_id: 'w', host: 'h', token: 't', filter: ALL_QUEUES, lease_ms: LEASE_MS })
