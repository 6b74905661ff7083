import { expect } from 'chai'
import fc from 'fast-check'
import type { ListParams } from '../../src/store/port.ts'
import { holdsFor, RUN } from '../helpers/property.ts'
import { ended, FAILURE, type Kit, many, mustGet, newJob, put, refusal, SUCCESS, settle, take, until } from './kit.ts'

export function listContract(kit: Kit): void {
  const ids = async (params: Partial<ListParams> = {}) =>
    (await kit.store.list({ sort: 'oldest', limit: 100, ...params })).map((job) => job.id)

  /** Reads a list of at most `most` jobs page by page: it must equal the list read as a whole. */
  async function isPaged({ limit, ...list }: ListParams, most: number): Promise<void> {
    const whole = await ids(list)
    const paged: string[] = []
    for (let page = await ids({ ...list, limit }); page.length > 0; ) {
      paged.push(...page)
      expect(paged.length, 'no page comes twice').to.be.at.most(most)
      page = await ids({ ...list, limit, after: String(page.at(-1)) })
    }
    expect(paged, JSON.stringify(list)).to.deep.equal(whole)
  }

  /** One job in each view, some in another queue. */
  async function oneOfEach(): Promise<void> {
    await ended(kit.store, 'completed', SUCCESS)
    await ended(kit.store, 'dead', FAILURE)
    await put(kit.store, ['cancelled'], { queue: 'other' })
    await kit.store.cancel({ ids: ['cancelled'] })
    await put(kit.store, ['retrying'], { backoff_base: 3600 })
    await settle(kit.store, await take(kit.store), FAILURE)
    await put(kit.store, ['scheduled'], { delay_ms: 60_000, queue: 'other' })
    await put(kit.store, ['processing'])
    await take(kit.store)
    await put(kit.store, ['ready'], { command: 'echo 100%_sure' })
  }

  describe('list', () => {
    it('shows the stored states and the views of pending', async () => {
      await oneOfEach()
      for (const state of ['completed', 'dead', 'cancelled', 'retrying', 'scheduled', 'processing', 'ready'] as const) {
        expect(await ids({ state }), state).to.deep.equal([state])
      }
      expect(await ids({ state: 'pending' })).to.deep.equal(['retrying', 'scheduled', 'ready'])
      expect(await ids()).to.have.length(7)
    })

    it('shows a due job as ready, claimed or not', async () => {
      await put(kit.store, ['a'], { delay_ms: 200 })
      const { next_run_at } = await mustGet(kit.store, 'a')
      const scheduled = await ids({ state: 'scheduled' })
      if (kit.store.now() < next_run_at) expect(scheduled).to.deep.equal(['a'])
      await until(async () => (await ids({ state: 'ready' })).length === 1)
      expect(await ids({ state: 'scheduled' })).to.deep.equal([])
      expect(await ids({ state: 'pending' })).to.deep.equal(['a'])
    })

    it('filters by queue, by text in id or command, by finish time', async () => {
      await oneOfEach()
      expect(await ids({ queue: 'other' })).to.deep.equal(['cancelled', 'scheduled'])
      expect(await ids({ queue: 'other', state: 'pending' })).to.deep.equal(['scheduled'])
      expect(await ids({ search: 'plet' })).to.deep.equal(['completed'])
      expect(await ids({ search: 'ECHO' })).to.deep.equal(['ready'])
      expect(await ids({ search: '%_s' })).to.deep.equal(['ready'])
      expect(await ids({ search: 'r_a' })).to.deep.equal([])
      const [dead] = await kit.store.list({ state: 'dead', sort: 'oldest', limit: 1 })
      const since = Number(dead?.finished_at)
      expect(await ids({ finished_since: since })).to.include.members(['dead', 'cancelled'])
      expect(await ids({ finished_since: kit.store.now() + 1000 })).to.deep.equal([])
      expect(await ids({ state: 'dead', finished_since: since, sort: 'finished' })).to.deep.equal(['dead'])
    })

    it('sorts by age, by due time, in order of claiming, by finish time', async () => {
      const delays = [30_000, 10_000, 20_000]
      await kit.store.insert({ jobs: delays.map((delay_ms, i) => newJob({ id: `w${i}`, delay_ms, priority: i })) })
      await put(kit.store, ['r1'], { priority: 2 })
      await put(kit.store, ['x', 'y', 'z'])
      for (const id of ['y', 'z', 'x']) {
        const [changed] = await kit.store.cancel({ ids: [id] })
        await until(() => kit.store.now() > Number(changed?.job?.finished_at))
      }
      expect(await ids({ sort: 'newest' })).to.deep.equal(['z', 'y', 'x', 'r1', 'w2', 'w1', 'w0'])
      expect(await ids({ sort: 'oldest' })).to.deep.equal(['w0', 'w1', 'w2', 'r1', 'x', 'y', 'z'])
      expect(await ids({ sort: 'due', state: 'scheduled' })).to.deep.equal(['w1', 'w2', 'w0'])
      expect(await ids({ sort: 'order', state: 'pending' })).to.deep.equal(['w2', 'r1', 'w1', 'w0'])
      expect(await ids({ sort: 'finished' })).to.deep.equal(['x', 'z', 'y'])
      expect(await ids({ sort: 'due' })).to.deep.equal(['r1', 'w1', 'w2', 'w0'])
    })

    it('pages without gaps or repetitions, in every sort, also with many equal jobs', async function () {
      this.timeout(RUN.patience_ms)
      const fate = fc.record({
        priority: fc.nat(2),
        // From a bulk that is stored at one moment.
        delay_ms: fc.nat(2).map((hours) => hours * 3_600_000),
        queue: fc.constantFrom('a', 'b'),
        cancelled: fc.boolean(),
      })
      const some = {
        state: fc.constantFrom('pending', 'ready', 'scheduled', 'cancelled'),
        queue: fc.constant('a'),
      } as const
      const asked = fc.record(
        {
          sort: fc.constantFrom('newest', 'oldest', 'due', 'order', 'finished'),
          limit: fc.integer({ min: 1, max: 8 }),
          ...some,
        },
        { requiredKeys: ['sort', 'limit'] },
      )
      const property = fc.asyncProperty(
        fc.array(fate, { minLength: 1, maxLength: 24, size: 'max' }),
        fc.array(asked, { minLength: 4, maxLength: 8 }),
        async (fates, questions) => {
          const jobs = fates.map(({ cancelled: _, ...over }) => newJob(over))
          await kit.store.insert({ jobs })
          await kit.store.cancel({ ids: jobs.filter((_, i) => fates[i]?.cancelled).map(({ id }) => id) })
          await kit.bench.endTogether()
          try {
            for (const question of questions) await isPaged(question, jobs.length)
          } finally {
            await kit.store.cancel({ ids: jobs.map(({ id }) => id) })
            await kit.store.purge({ states: ['cancelled'], older_than_ms: 0, limit: 100 })
          }
        },
      )
      await holdsFor(property, Math.max(5, many(kit, 40)))
    })

    it('refuses to continue after a job that no longer exists', async () => {
      expect(await refusal(ids({ after: 'nobody' }))).to.include({ exit_code: 3 })
    })
  })
}
