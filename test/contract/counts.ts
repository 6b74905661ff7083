import { expect } from 'chai'
import { FINAL_STATES, viewOf } from '../../src/domain/job.ts'
import type { Counts, Overview } from '../../src/store/port.ts'
import { CLOCK_MS, type Kit, many, mustGet, newJob, put, settle, take, until } from './kit.ts'

const NONE: Counts = { ready: 0, scheduled: 0, retrying: 0, processing: 0, completed: 0, dead: 0, cancelled: 0 }

export function countsContract(kit: Kit): void {
  /** The expected overview, counted one by one. */
  async function recount(): Promise<Pick<Overview, 'total' | 'queues'>> {
    const total = { ...NONE }
    const queues: Record<string, Counts> = {}
    // A job that just became ready may still count as scheduled: the clock may be off.
    const now = kit.store.now() + CLOCK_MS
    for (const job of await kit.store.list({ sort: 'oldest', limit: 10_000 })) {
      const view = viewOf(job, now) as keyof Counts
      queues[job.queue] ??= { ...NONE }
      total[view]++
      ;(queues[job.queue] as Counts)[view]++
    }
    return { total, queues }
  }

  describe('overview', () => {
    it('is empty for an empty store', async () => {
      expect(await kit.store.overview()).to.deep.equal({ total: NONE, queues: {}, oldest_ready_at: null })
    })

    it('equals a recount after each of many random operations', async () => {
      const random = seeded(42)
      const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T
      // Far in the future, so that no job becomes due between the two counts.
      const delays = [0, 0, 600_000]
      const some = () => pick(known)
      const known = ['none']
      const operations = [
        async () => {
          const spec = newJob({
            queue: pick(['a', 'b', 'c']),
            delay_ms: pick(delays),
            max_retries: 1,
            backoff_base: 600,
          })
          known.push(spec.id)
          await kit.store.insert({ jobs: [spec] })
        },
        () => kit.store.cancel({ ids: [some(), some()] }),
        () => kit.store.requeue({ ids: [some(), some()] }),
        () => kit.store.promote({ ids: [some(), some()] }),
        async () => {
          if ((await kit.store.overview()).total.ready > 0) await take(kit.store)
        },
        async () => {
          const [job] = await kit.store.processing()
          if (job) await settle(kit.store, job, { kind: 'exit', exit_code: pick([0, 1]) })
        },
        async () => {
          const [job] = await kit.store.processing()
          if (job) await settle(kit.store, job, { kind: 'interrupted', cause: 'worker died' })
        },
        () => kit.store.purge({ states: random() < 0.2 ? FINAL_STATES : [], older_than_ms: 0, limit: 2 }),
      ]
      for (let i = 0; i < many(kit, 1000); i++) {
        await (random() < 0.3 ? operations[0] : pick(operations))?.()
        const { total, queues } = await kit.store.overview()
        expect({ total, queues }, `after operation ${i}`).to.deep.equal(await recount())
      }
    })

    it('counts queues whose names have a meaning in JavaScript', async () => {
      for (const queue of ['__proto__', 'constructor', 'toString']) await put(kit.store, [`in-${queue}`], { queue })
      const { total, queues } = await kit.store.overview()
      expect(Object.keys(queues)).to.have.members(['__proto__', 'constructor', 'toString'])
      expect(Object.values(queues)).to.deep.equal([total, total, total].map((one) => ({ ...one, ready: 1 })))
      expect(({} as Record<string, unknown>).ready).to.equal(undefined)
    })

    it('counts a job as ready from the moment it is due', async () => {
      await put(kit.store, ['a'], { delay_ms: 200 })
      const { next_run_at } = await mustGet(kit.store, 'a')
      const { total } = await kit.store.overview()
      if (kit.store.now() < next_run_at) expect(total).to.deep.equal({ ...NONE, scheduled: 1 })
      await until(async () => (await kit.store.overview()).total.ready === 1)
      expect(await kit.store.overview()).to.deep.include({ total: { ...NONE, ready: 1 }, oldest_ready_at: next_run_at })
    })

    it('returns since when the longest ready job is ready, with any priority', async () => {
      await put(kit.store, ['old'], { priority: -5 })
      const old = await kit.store.get({ id: 'old' })
      await until(() => kit.store.now() > Number(old?.created_at))
      await put(kit.store, ['new'], { priority: 5 })
      expect((await kit.store.overview()).oldest_ready_at).to.equal(old?.next_run_at)
    })
  })
}

/** Mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
