import { expect } from 'chai'
import { CLOCK_MS, type Kit, many, mustGet, newJob, put, refusal, takeAll } from './kit.ts'

export function insertContract(kit: Kit): void {
  describe('insert', () => {
    it('stores every field and returns what get reads', async () => {
      const spec = newJob({
        id: 'a',
        command: 'echo "ü" && x',
        shell: 'powershell',
        queue: 'q',
        priority: -3,
        timeout: 1.5,
        env: { A: 'b' },
        cwd: '/x',
      })
      const [inserted] = await kit.store.insert({ jobs: [spec] })
      const job = await mustGet(kit.store, 'a')
      expect(inserted).to.deep.equal({ job, existing: false })
      const { run_at, delay_ms, ...kept } = spec
      expect(job).to.include({ state: 'pending', attempts: 0, runs: 0, lease_token: null, finished_at: null })
      expect(job).to.deep.include(kept)
      expect(job.created_at).to.be.closeTo(kit.store.now(), CLOCK_MS)
      expect(job.next_run_at).to.equal(job.created_at)
    })

    it('does not find a job that was never stored', async () => {
      expect(await kit.store.get({ id: 'nobody' })).to.equal(null)
    })

    it('waits for a delay or a time of day; a time in the past means now', async () => {
      const at = kit.store.now() + 60_000
      const jobs = [newJob({ delay_ms: 30_000 }), newJob({ run_at: at }), newJob({ run_at: 1000 })]
      const [delayed, timed, past] = (await kit.store.insert({ jobs })).map((inserted) => inserted?.job)
      expect(delayed?.next_run_at).to.equal((delayed?.created_at ?? 0) + 30_000)
      expect(timed?.next_run_at).to.equal(at)
      expect(past?.next_run_at).to.equal(past?.created_at)
      expect(await takeAll(kit.store)).to.deep.equal([past?.id])
    })

    it('R10: the same insert repeated succeeds in the same way', async () => {
      const job = newJob()
      const first = await kit.store.insert({ jobs: [job] })
      expect(await kit.store.insert({ jobs: [job] })).to.deep.equal(first)
    })

    it('R10: the same content under the same id is reported as existing', async () => {
      await put(kit.store, ['a'], { content_hash: 'h1' })
      const again = await kit.store.insert({ jobs: [newJob({ id: 'a', content_hash: 'h1' })] })
      expect(again[0]).to.deep.include({ existing: true })
    })

    it('R10: an insert repeated succeeds in the same way, also if another insert was answered with its job meanwhile', async () => {
      const jobs = [newJob({ id: 'a', content_hash: 'h1' })]
      const first = await kit.store.insert({ jobs })
      const again = await kit.store.insert({ jobs: [newJob({ id: 'a', content_hash: 'h1' })] })
      expect(again).to.deep.equal(first.map((one) => ({ ...one, existing: true })))
      expect(await kit.store.insert({ jobs })).to.deep.equal(first)
    })

    it('R10: other content under the same id is refused, and nothing of its array is stored', async () => {
      await put(kit.store, ['a'], { content_hash: 'h1' })
      const jobs = [newJob({ id: 'b' }), newJob({ id: 'a', content_hash: 'h2' })]
      expect(await refusal(kit.store.insert({ jobs }))).to.include({ code: 'duplicate_id', exit_code: 3 })
      expect(await kit.store.get({ id: 'b' })).to.equal(null)
    })

    it('R10: generated ids that collide do not count as a repetition', async () => {
      await put(kit.store, ['a'])
      expect((await refusal(kit.store.insert({ jobs: [newJob({ id: 'a' })] }))).code).to.equal('duplicate_id')
    })

    it('skips ids that exist when requested', async () => {
      await put(kit.store, ['a'], { content_hash: 'h1' })
      const jobs = [newJob({ id: 'b' }), newJob({ id: 'a', content_hash: 'h2' }), newJob({ id: 'c' })]
      const inserted = await kit.store.insert({ jobs, skip_taken: true })
      expect(inserted.map((one) => one?.job.id)).to.deep.equal(['b', undefined, 'c'])
    })

    it('treats the same id twice in one array by the same rules', async () => {
      const jobs = [newJob({ id: 'a', content_hash: 'h1' }), newJob({ id: 'a', content_hash: 'h1' })]
      expect((await kit.store.insert({ jobs })).map((one) => one?.existing)).to.deep.equal([false, true])
      const others = [newJob({ id: 'b', content_hash: 'h1' }), newJob({ id: 'b', content_hash: 'h2' })]
      expect((await refusal(kit.store.insert({ jobs: others }))).code).to.equal('duplicate_id')
    })

    it('R10: judges each job with the same id in one array separately', async () => {
      await put(kit.store, ['a'], { content_hash: 'h1' })
      const jobs = ['h2', 'h1', 'h2'].map((content_hash) => newJob({ id: 'a', content_hash }))
      const inserted = await kit.store.insert({ jobs, skip_taken: true })
      expect(inserted.map((one) => one?.existing)).to.deep.equal([undefined, true, undefined])
    })

    it('reports its progress', async () => {
      const heard: number[] = []
      const length = many(kit, 2500)
      const jobs = Array.from({ length }, () => newJob())
      await kit.store.insert({ jobs, on_progress: (stored) => heard.push(stored) })
      expect(heard.length).to.be.greaterThan(0)
      expect(heard).to.deep.equal([...heard].sort((a, b) => a - b))
      expect(heard.every((stored) => stored > 0 && stored <= length)).to.equal(true)
    })

    it('finds ids by prefix, in order', async () => {
      await put(kit.store, ['abc', 'abd', 'ab', 'b', 'Abc', 'ab_', 'ab.x'])
      expect(await kit.store.findIds({ prefix: 'ab', limit: 10 })).to.deep.equal(['ab', 'ab.x', 'ab_', 'abc', 'abd'])
      expect(await kit.store.findIds({ prefix: 'ab', limit: 2 })).to.deep.equal(['ab', 'ab.x'])
      expect(await kit.store.findIds({ prefix: 'c', limit: 2 })).to.deep.equal([])
    })
  })
}
