import { expect } from 'chai'
import { beatOf, type Kit, LEASE_MS, mustGet, put, SUCCESS, settle, take } from './kit.ts'

export function leasesContract(kit: Kit): void {
  describe('leases', () => {
    it('a renewal extends the lease, and returns lost and cancelled tokens', async () => {
      await put(kit.store, ['a', 'b', 'c'])
      const [a, b, c] = [await take(kit.store), await take(kit.store), await take(kit.store)]
      await settle(kit.store, c, SUCCESS)
      await kit.store.cancel({ ids: ['b'] })
      const tokens = [a, b, c].map((job) => job.lease_token)
      const renewed = await kit.store.renew({ worker_id: 'w1', tokens, lease_ms: 2 * LEASE_MS })
      expect(renewed).to.deep.equal({ lost: [c.lease_token], cancelled: [b.lease_token] })
      expect(Number((await mustGet(kit.store, 'a')).lease_expires_at)).to.be.greaterThan(Number(a.lease_expires_at))
      expect(await mustGet(kit.store, 'c')).to.include({ state: 'completed', lease_expires_at: null })
    })

    it('R2: a heartbeat of the supervisor renews and reports likewise', async () => {
      await put(kit.store, ['a', 'b'])
      const [a, b] = [await take(kit.store), await take(kit.store)]
      await kit.store.cancel({ ids: ['b'] })
      const beat = beatOf('s1', ['w1'], [a.lease_token, b.lease_token, 'gone'])
      const renewed = await kit.store.beat({ ...beat, lease_ms: 2 * LEASE_MS })
      expect(renewed).to.deep.equal({ lost: ['gone'], cancelled: [b.lease_token] })
      expect(Number((await mustGet(kit.store, 'a')).lease_expires_at)).to.be.greaterThan(Number(a.lease_expires_at))
    })

    it('R2: a worker that renews its leases itself records a heartbeat', async () => {
      await kit.store.beat(beatOf('s1', ['w1']))
      const beats = async () => (await kit.store.processes()).map((row) => [row.id, row.beats])
      expect(await beats()).to.have.deep.members([
        ['s1', 1],
        ['w1', 1],
      ])
      await kit.store.renew({ worker_id: 'w1', tokens: [], lease_ms: LEASE_MS })
      expect(await beats()).to.have.deep.members([
        ['s1', 1],
        ['w1', 2],
      ])
    })

    it('R1: only the first to fence can write, and records the run under its own token', async () => {
      await put(kit.store, ['a'])
      const job = await take(kit.store)
      const fence = { id: 'a', new_token: 'reaper', by: 's2', lease_ms: 2 * LEASE_MS }
      expect(await kit.store.fence({ ...fence, token: job.lease_token })).to.equal(true)
      expect(await kit.store.fence({ ...fence, token: job.lease_token, new_token: 'second' })).to.equal(false)

      const fenced = await mustGet(kit.store, 'a')
      expect(fenced).to.include({ lease_token: 'reaper', run_token: job.run_token, processing_by: 's2', runs: 1 })
      expect((await settle(kit.store, job, SUCCESS)).state).to.equal(null)
      const renewal = await kit.store.renew({ worker_id: 'w1', tokens: [job.lease_token], lease_ms: LEASE_MS })
      expect(renewal.lost).to.deep.equal([job.lease_token])

      const interrupted = { kind: 'interrupted', cause: 'worker died' } as const
      expect((await settle(kit.store, fenced, interrupted)).state).to.equal('pending')
      expect(await kit.store.runs({ id: 'a' })).to.have.length(1)
      expect((await kit.store.runs({ id: 'a' }))[0]).to.include({ token: job.run_token, outcome: 'interrupted' })
    })

    it('R1: a worker that comes late does not take the entry of the reaper for its own', async () => {
      await put(kit.store, ['a'])
      const job = await take(kit.store)
      await kit.store.fence({ id: 'a', token: job.lease_token, new_token: 'reaper', by: 's2', lease_ms: LEASE_MS })
      const fenced = await mustGet(kit.store, 'a')
      const interrupted = { kind: 'interrupted', cause: 'worker died' } as const
      const once = await settle(kit.store, fenced, interrupted)
      expect((await settle(kit.store, job, SUCCESS)).state).to.equal(null)
      expect(await settle(kit.store, fenced, interrupted)).to.deep.equal(once)
    })

    it('R1: a fence repeated after a lost answer succeeds again, and changes nothing', async () => {
      await put(kit.store, ['a'])
      const { lease_token } = await take(kit.store)
      const fence = { id: 'a', token: lease_token, new_token: 'reaper', by: 's2', lease_ms: LEASE_MS }
      expect(await kit.store.fence(fence)).to.equal(true)
      const fenced = await mustGet(kit.store, 'a')
      expect(await kit.store.fence(fence)).to.equal(true)
      expect(await mustGet(kit.store, 'a')).to.deep.equal(fenced)
    })

    it('R9: a fence for a lease seen as expired fails if the lease was renewed since', async () => {
      await put(kit.store, ['a'])
      const { lease_token: token, lease_expires_at } = await take(kit.store)
      const expires_at = Number(lease_expires_at)
      const fence = { id: 'a', token, new_token: 'reaper', by: 's2', lease_ms: LEASE_MS, expires_at }
      await kit.store.renew({ worker_id: 'w1', tokens: [token], lease_ms: 2 * LEASE_MS })
      expect(await kit.store.fence(fence)).to.equal(false)
      expect(await mustGet(kit.store, 'a')).to.include({ lease_token: token, processing_by: 'w1' })

      const seen = { ...fence, expires_at: Number((await mustGet(kit.store, 'a')).lease_expires_at) }
      expect(await kit.store.fence(seen)).to.equal(true)
      expect(await kit.store.fence(seen)).to.equal(true)
      expect(await mustGet(kit.store, 'a')).to.include({ lease_token: 'reaper', processing_by: 's2' })
    })

    it('fences only processing jobs', async () => {
      await put(kit.store, ['a', 'b'])
      const a = await take(kit.store)
      await settle(kit.store, a, SUCCESS)
      const fence = { token: a.lease_token, new_token: 'x', by: 's', lease_ms: LEASE_MS }
      expect(await kit.store.fence({ id: 'a', ...fence })).to.equal(false)
      expect(await kit.store.fence({ id: 'b', ...fence })).to.equal(false)
      expect(await kit.store.fence({ id: 'nobody', ...fence })).to.equal(false)
    })

    it('returns the processing jobs', async () => {
      await put(kit.store, ['a', 'b', 'c'])
      const held = [await take(kit.store), await take(kit.store)]
      expect(await kit.store.processing()).to.have.deep.members(held)
    })
  })
}
