import { expect } from 'chai'
import { claimFilter } from '../../src/domain/claim-filter.ts'
import {
  CLOCK_MS,
  claimOf,
  FAILURE,
  type Kit,
  LEASE_MS,
  many,
  mustGet,
  newJob,
  put,
  SUCCESS,
  settle,
  take,
  takeAll,
  until,
} from './kit.ts'

export function claimContract(kit: Kit): void {
  describe('claim', () => {
    it('claims the highest priority first, then first in, first out, also within a bulk', async () => {
      const priorities = [0, 5, 0, -1, 5, 0]
      await kit.store.insert({ jobs: priorities.map((priority, i) => newJob({ id: `j${i}`, priority })) })
      await put(kit.store, ['late'], { priority: 5 })
      expect(await takeAll(kit.store)).to.deep.equal(['j1', 'j4', 'late', 'j0', 'j2', 'j5', 'j3'])
    })

    it('marks the job as held and counts the run', async () => {
      await put(kit.store, ['a'])
      const claim = claimOf({ worker_id: 'w7' })
      const { job, next_due_ms } = await kit.store.claim(claim)
      expect(next_due_ms).to.equal(null)
      expect(job).to.deep.equal(await mustGet(kit.store, 'a'))
      expect(job).to.include({ state: 'processing', processing_by: 'w7', runs: 1, attempts: 0 })
      expect(job).to.include({ lease_token: claim.token, run_token: claim.token })
      expect(job?.started_at).to.equal(job?.locked_at)
      expect((job?.lease_expires_at ?? 0) - (job?.locked_at ?? 0)).to.equal(LEASE_MS)
    })

    it('returns no job when none is ready', async () => {
      expect(await kit.store.claim(claimOf())).to.deep.equal({ job: null, next_due_ms: null })
    })

    it('returns the same job when repeated after a lost answer', async () => {
      await put(kit.store, ['a', 'b'])
      const claim = claimOf()
      const first = await kit.store.claim(claim)
      expect(await kit.store.claim(claim)).to.deep.equal(first)
      expect((await mustGet(kit.store, 'b')).state).to.equal('pending')
    })

    it('considers only the requested queues, and the best job of several', async () => {
      await put(kit.store, ['a1', 'a2'], { queue: 'a' })
      await put(kit.store, ['b1'], { queue: 'b' })
      await put(kit.store, ['c1'], { queue: 'c', priority: 9 })
      await put(kit.store, ['b2'], { queue: 'b', priority: 1 })
      expect(await takeAll(kit.store, claimFilter(['a', 'b']))).to.deep.equal(['b2', 'a1', 'a2', 'b1'])
      expect(await takeAll(kit.store, claimFilter(['none']))).to.deep.equal([])
      expect(await takeAll(kit.store, claimFilter(['c']))).to.deep.equal(['c1'])
    })

    it('skips excluded queues, also with many jobs waiting in them', async () => {
      const paused = Array.from({ length: 20 }, (_, i) => `p${i}`)
      await put(kit.store, paused, { queue: 'paused', priority: 9 })
      await put(kit.store, ['soon'], { queue: 'paused', delay_ms: 1 })
      await put(kit.store, ['a1', 'a2'], { queue: 'a' })
      await put(kit.store, ['b1'], { queue: 'b', priority: 1 })
      await put(kit.store, ['c1'], { queue: 'c', priority: 2 })
      expect(await takeAll(kit.store, claimFilter(null, ['paused', 'c', 'none']))).to.deep.equal(['b1', 'a1', 'a2'])
      expect(await takeAll(kit.store, claimFilter(['c', 'paused'], ['paused']))).to.deep.equal(['c1'])
      expect(await takeAll(kit.store, claimFilter(['paused'], ['paused']))).to.deep.equal([])
      // Once no longer excluded, a queue continues in its order.
      expect((await take(kit.store, { filter: claimFilter(null, ['c']) })).id).to.equal('p0')
    })

    it('skips excluded queues also in the claim that comes with a settle', async () => {
      await put(kit.store, ['first', 'second'], { queue: 'paused', priority: 9 })
      await put(kit.store, ['other'])
      const run = await take(kit.store)
      const { next } = await settle(kit.store, run, SUCCESS, claimOf({ filter: claimFilter(null, ['paused']) }))
      expect(next?.job?.id).to.equal('other')
    })

    it('returns a held job again by its token, even if its queue is excluded since', async () => {
      await put(kit.store, ['a'])
      const claim = claimOf()
      const first = await kit.store.claim(claim)
      expect(await kit.store.claim({ ...claim, filter: claimFilter(null, ['default']) })).to.deep.equal(first)
    })

    it('returns when the next job of its queues is due, and claims it then', async () => {
      await put(kit.store, ['soon'], { queue: 'a', delay_ms: 30_000, priority: 9 })
      await put(kit.store, ['later'], { queue: 'b', delay_ms: 60_000 })
      const due = async (only: string[] | null, except: string[] = []) =>
        (await kit.store.claim(claimOf({ filter: claimFilter(only, except) }))).next_due_ms
      expect(await due(null)).to.be.within(20_000, 30_000 + CLOCK_MS)
      expect(await due(['a', 'b'])).to.be.within(20_000, 30_000 + CLOCK_MS)
      expect(await due(['b'])).to.be.within(50_000, 60_000 + CLOCK_MS)
      expect(await due(['c'])).to.equal(null)
      expect(await due(null, ['a'])).to.be.within(50_000, 60_000 + CLOCK_MS)
      expect(await due(['a', 'b'], ['b'])).to.be.within(20_000, 30_000 + CLOCK_MS)
      expect(await due(null, ['a', 'b'])).to.equal(null)
      await put(kit.store, ['now'])
      expect((await take(kit.store)).id).to.equal('now')
      await put(kit.store, ['brief'], { queue: 'd', delay_ms: 300 })
      await until(async () => (await kit.store.claim(claimOf())).job?.id === 'brief')
      const { locked_at, next_run_at } = await mustGet(kit.store, 'brief')
      expect(Number(locked_at)).to.be.at.least(next_run_at - (kit.store.info.shared ? CLOCK_MS : 0))
    })

    it('finds at the first try a job that was stored since the last claim and is due by now', async () => {
      expect(await kit.store.claim(claimOf())).to.include({ job: null })
      await put(kit.store, ['soon'], { delay_ms: 50 })
      await until(async () => (await kit.store.overview()).total.ready === 1)
      expect((await take(kit.store)).id).to.equal('soon')
    })

    it('offers all due jobs, also many', async () => {
      const length = many(kit, 1200)
      await kit.store.insert({ jobs: Array.from({ length }, () => newJob({ delay_ms: 1 })) })
      await until(async () => (await kit.store.overview()).total.ready === length)
      expect(await takeAll(kit.store)).to.have.length(length)
    })

    it('keeps the place of a job that comes back', async () => {
      await put(kit.store, ['a', 'b', 'c'])
      const a = await take(kit.store)
      await settle(kit.store, a, { kind: 'released', cause: 'end of grace' })
      const b = await take(kit.store)
      expect(b.id).to.equal('a')
      await settle(kit.store, b, FAILURE)
      await kit.store.promote({ ids: ['a'] })
      expect(await takeAll(kit.store)).to.deep.equal(['a', 'b', 'c'])
    })

    it('clears the results of the previous run', async () => {
      await put(kit.store, ['a'], { backoff_base: 0 })
      await settle(kit.store, await take(kit.store), FAILURE)
      expect(await mustGet(kit.store, 'a')).to.include({ exit_code: 2, reason: 'exit code 2' })
      const again = await take(kit.store)
      expect(again).to.include({ runs: 2, attempts: 1, exit_code: null, reason: null })
      await settle(kit.store, again, SUCCESS)
    })
  })
}
