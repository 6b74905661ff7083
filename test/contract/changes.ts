import { expect } from 'chai'
import { ended, FAILURE, type Kit, mustGet, newJob, put, SUCCESS, settle, take, takeAll, until } from './kit.ts'

const results = (changed: { id: string; result: string }[]) => changed.map(({ id, result }) => `${id} ${result}`)

export function changesContract(kit: Kit): void {
  describe('cancel (R7)', () => {
    it('cancels a pending job at once, requests it for a running one, and does not change others', async () => {
      await ended(kit.store, 'done', SUCCESS)
      await put(kit.store, ['running', 'ready'])
      await put(kit.store, ['waiting'], { delay_ms: 60_000 })
      const job = await take(kit.store)
      const ids = ['waiting', 'nobody', 'running', 'ready', 'done', 'ready']
      const changed = await kit.store.cancel({ ids })
      const expected = ['done', 'not_found', 'requested', 'done', 'wrong_state', 'wrong_state']
      expect(results(changed)).to.deep.equal(ids.map((id, i) => `${id} ${expected[i]}`))
      expect(changed[1]?.job).to.equal(null)
      expect(changed[3]?.job).to.deep.equal(await mustGet(kit.store, 'ready'))
      expect(changed[3]?.job).to.include({ state: 'cancelled', reason: 'cancelled' })
      expect(changed[3]?.job?.finished_at).to.be.a('number')
      expect(await mustGet(kit.store, 'running')).to.include({ state: 'processing', lease_token: job.lease_token })
      expect(await takeAll(kit.store)).to.deep.equal([])
    })

    it('keeps the time of the first request, also after a fence', async () => {
      await put(kit.store, ['a'])
      const job = await take(kit.store)
      const [first] = await kit.store.cancel({ ids: ['a'] })
      await until(() => kit.store.now() > Number(first?.job?.cancel_requested_at))
      const [second] = await kit.store.cancel({ ids: ['a'] })
      expect(second?.result).to.equal('requested')
      expect(second?.job?.cancel_requested_at).to.equal(first?.job?.cancel_requested_at)
      await kit.store.fence({ id: 'a', token: job.lease_token, new_token: 'x', by: 's', lease_ms: 1000 })
      const fenced = await mustGet(kit.store, 'a')
      expect((await settle(kit.store, fenced, { kind: 'interrupted', cause: 'worker died' })).state).to.equal(
        'cancelled',
      )
    })
  })

  describe('requeue', () => {
    it('runs a final job again, with its counters at zero and in its old place', async () => {
      await ended(kit.store, 'dead', FAILURE)
      await ended(kit.store, 'completed', SUCCESS)
      await put(kit.store, ['cancelled', 'pending', 'running'])
      await kit.store.cancel({ ids: ['cancelled'] })
      await put(kit.store, ['high'], { priority: 1 })
      expect((await take(kit.store)).id).to.equal('high')
      const ids = ['cancelled', 'completed', 'dead', 'high', 'pending', 'nobody']
      const changed = await kit.store.requeue({ ids })
      const expected = ['done', 'done', 'done', 'wrong_state', 'wrong_state', 'not_found']
      expect(results(changed)).to.deep.equal(ids.map((id, i) => `${id} ${expected[i]}`))
      const clean = {
        state: 'pending',
        attempts: 0,
        interruptions: 0,
        worker_deaths: 0,
        requeues: 1,
        finished_at: null,
        exit_code: null,
      }
      expect(changed[2]?.job).to.deep.equal(await mustGet(kit.store, 'dead'))
      expect(changed[2]?.job).to.include({ ...clean, runs: 1, reason: null })
      expect(await takeAll(kit.store)).to.deep.equal(['dead', 'completed', 'cancelled', 'pending', 'running'])
    })

    it('changes only jobs in the requested states, as they are at that moment', async () => {
      await ended(kit.store, 'dead', FAILURE)
      await ended(kit.store, 'completed', SUCCESS)
      await put(kit.store, ['pending'])
      const ids = ['dead', 'completed', 'pending', 'dead']
      const changed = await kit.store.requeue({ ids, from: ['dead', 'pending'] })
      expect(results(changed)).to.deep.equal([
        'dead done',
        'completed wrong_state',
        'pending wrong_state',
        'dead wrong_state',
      ])
      expect(await mustGet(kit.store, 'completed')).to.include({ state: 'completed', requeues: 0 })
    })
  })

  describe('promote', () => {
    it('makes a waiting job ready now', async () => {
      await put(kit.store, ['scheduled'], { delay_ms: 60_000 })
      await put(kit.store, ['retrying'], { backoff_base: 60 })
      await settle(kit.store, await take(kit.store), FAILURE)
      await put(kit.store, ['ready'])
      const ids = ['retrying', 'scheduled', 'ready', 'nobody']
      const changed = await kit.store.promote({ ids })
      const expected = ['done', 'done', 'wrong_state', 'not_found']
      expect(results(changed)).to.deep.equal(ids.map((id, i) => `${id} ${expected[i]}`))
      expect(changed[0]?.job).to.include({ attempts: 1 })
      expect(await takeAll(kit.store)).to.deep.equal(['scheduled', 'retrying', 'ready'])
    })
  })

  describe('purge', () => {
    it('removes old enough final jobs of those states and that queue, and returns their runs', async () => {
      await ended(kit.store, 'c1', SUCCESS)
      await ended(kit.store, 'c2', SUCCESS, { queue: 'other' })
      await ended(kit.store, 'd1', FAILURE)
      await put(kit.store, ['p1'])
      const token = (await kit.store.runs({ id: 'c1' }))[0]?.token
      const purge = { states: ['completed', 'pending'] as const, older_than_ms: 0, limit: 100 }
      expect(await kit.store.purge({ ...purge, older_than_ms: 60_000 })).to.deep.equal({ jobs: 0, tokens: [] })
      expect(await kit.store.purge({ ...purge, queue: 'default' })).to.deep.equal({ jobs: 1, tokens: [token] })
      const left = (await kit.store.list({ sort: 'oldest', limit: 10 })).map((job) => job.id)
      expect(left).to.deep.equal(['c2', 'd1', 'p1'])
      expect(await kit.store.runs({ id: 'c1' })).to.deep.equal([])
      expect(await kit.store.purge({ ...purge, states: ['completed', 'dead'] })).to.include({ jobs: 2 })
      expect((await kit.store.list({ sort: 'oldest', limit: 10 })).map((job) => job.id)).to.deep.equal(['p1'])
    })

    it('removes the jobs that finished first, up to the limit', async () => {
      await put(kit.store, ['a', 'b', 'c'])
      for (const id of ['b', 'c', 'a']) {
        const [changed] = await kit.store.cancel({ ids: [id] })
        await until(() => kit.store.now() > Number(changed?.job?.finished_at))
      }
      expect(await kit.store.purge({ states: ['cancelled'], older_than_ms: 0, limit: 2 })).to.include({ jobs: 2 })
      expect((await kit.store.list({ sort: 'oldest', limit: 9 })).map((job) => job.id)).to.deep.equal(['a'])
    })

    it('removes the jobs that finished first, in any of the states', async () => {
      await ended(kit.store, 'dead', FAILURE)
      const dead = await mustGet(kit.store, 'dead')
      await until(() => kit.store.now() > Number(dead.finished_at))
      await ended(kit.store, 'completed', SUCCESS)
      await kit.store.purge({ states: ['completed', 'dead'], older_than_ms: 0, limit: 1 })
      expect((await kit.store.list({ sort: 'oldest', limit: 9 })).map((job) => job.id)).to.deep.equal(['completed'])
    })

    it('frees the id, and a new job with that id comes last', async () => {
      await put(kit.store, ['a', 'b'], { content_hash: 'h' })
      await kit.store.cancel({ ids: ['a'] })
      await kit.store.purge({ states: ['cancelled'], older_than_ms: 0, limit: 9 })
      expect((await kit.store.insert({ jobs: [newJob({ id: 'a', content_hash: 'h' })] }))[0]?.existing).to.equal(false)
      expect(await takeAll(kit.store)).to.deep.equal(['b', 'a'])
    })
  })
}
