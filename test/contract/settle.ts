import { expect } from 'chai'
import { decide } from '../../src/domain/outcome.ts'
import { CLOCK_MS, claimOf, ended, FAILURE, type Kit, mustGet, put, SUCCESS, settle, take, UNHELD } from './kit.ts'

export function settleContract(kit: Kit): void {
  describe('settle', () => {
    it('completes a successful job and records the run', async () => {
      await put(kit.store, ['a'])
      const job = await take(kit.store)
      expect(await kit.store.runs({ id: 'a' })).to.deep.equal([])
      expect(await settle(kit.store, job, SUCCESS)).to.deep.equal({ state: 'completed', next: null })
      const after = await mustGet(kit.store, 'a')
      expect(after).to.include({ ...UNHELD, state: 'completed', exit_code: 0, reason: null, attempts: 0 })
      expect(after.finished_at).to.be.a('number')
      const started_at = Number(job.started_at)
      const run = {
        number: 1,
        token: job.run_token,
        worker: 'w1',
        host: 'here',
        started_at,
        finished_at: started_at + 5,
      }
      const end = { outcome: 'completed', exit_code: 0, signal: null, cause: 'completed' }
      expect(await kit.store.runs({ id: 'a' })).to.deep.equal([{ ...run, ...end }])
    })

    it('makes a failed job wait for its retry, and dead after the last', async () => {
      await put(kit.store, ['a'], { max_retries: 1, backoff_base: 50 })
      expect((await settle(kit.store, await take(kit.store), FAILURE)).state).to.equal('pending')
      const waiting = await mustGet(kit.store, 'a')
      expect(waiting).to.include({ ...UNHELD, attempts: 1, reason: 'exit code 2', finished_at: null })
      expect(waiting.next_run_at - kit.store.now()).to.be.within(40_000, 50_000 + CLOCK_MS)
      await kit.store.promote({ ids: ['a'] })
      const signal = { kind: 'signal', signal: 'SIGSEGV' } as const
      expect((await settle(kit.store, await take(kit.store), signal)).state).to.equal('dead')
      expect(await mustGet(kit.store, 'a')).to.include({ ...UNHELD, state: 'dead', attempts: 2, signal: 'SIGSEGV' })
      const runs = await kit.store.runs({ id: 'a' })
      expect(runs.map((run) => [run.number, run.outcome, run.cause])).to.deep.equal([
        [1, 'failed', 'exit code 2'],
        [2, 'failed', 'signal SIGSEGV'],
      ])
    })

    it('makes a job ready at once if its retry has no delay', async () => {
      await put(kit.store, ['a'])
      const interrupted = await settle(kit.store, await take(kit.store), { kind: 'interrupted', cause: 'worker died' })
      expect(interrupted.state).to.equal('pending')
      expect(await take(kit.store)).to.include({ id: 'a', interruptions: 1, worker_deaths: 1, runs: 2 })
    })

    it('writes nothing for a token that holds no job', async () => {
      await put(kit.store, ['a', 'b'])
      const a = await take(kit.store)
      const b = await take(kit.store)
      expect((await settle(kit.store, { ...a, lease_token: 'stranger' }, SUCCESS)).state).to.equal(null)
      expect((await settle(kit.store, { ...a, lease_token: b.lease_token }, SUCCESS)).state).to.equal(null)
      expect((await settle(kit.store, { ...a, id: 'nobody' }, SUCCESS)).state).to.equal(null)
      expect(await mustGet(kit.store, 'a')).to.deep.equal(a)
      expect(await kit.store.runs({ id: 'a' })).to.deep.equal([])
    })

    it('repeated after a lost answer succeeds in the same way, even when the job runs again', async () => {
      await put(kit.store, ['a'], { backoff_base: 0 })
      const first = await take(kit.store)
      const once = await settle(kit.store, first, FAILURE)
      expect(await settle(kit.store, first, FAILURE)).to.deep.equal(once)
      const second = await take(kit.store)
      expect(await settle(kit.store, first, FAILURE)).to.deep.equal(once)
      expect(await mustGet(kit.store, 'a')).to.deep.equal(second)
      expect(await kit.store.runs({ id: 'a' })).to.have.length(1)
    })

    it('distinguishes the runs in the run history', async () => {
      await put(kit.store, ['a', 'b'], { backoff_base: 0 })
      const [a, b] = [await take(kit.store), await take(kit.store)]
      await settle(kit.store, a, FAILURE)
      const again = await take(kit.store)
      await settle(kit.store, again, SUCCESS)
      const tokens = [a.run_token, 'nobody', b.run_token, again.run_token].map(String)
      expect(await kit.store.recorded({ tokens })).to.deep.equal([a.run_token, again.run_token])
      expect(await kit.store.recorded({ tokens: [] })).to.deep.equal([])
      await kit.store.purge({ states: ['completed'], older_than_ms: 0, limit: 10 })
      expect(await kit.store.recorded({ tokens })).to.deep.equal([])
    })

    it('claims the next job in the same call', async () => {
      await put(kit.store, ['a', 'b'])
      const { state, next } = await settle(kit.store, await take(kit.store), SUCCESS, claimOf({ worker_id: 'w2' }))
      expect(state).to.equal('completed')
      expect(next?.job).to.include({ id: 'b', processing_by: 'w2' })
      const last = await settle(kit.store, await mustGet(kit.store, 'b'), SUCCESS, claimOf())
      expect(last).to.deep.equal({ state: 'completed', next: { job: null, next_due_ms: null } })
    })

    it('a fence miss does not hide the claim, and the repeated call gives both answers again', async () => {
      await put(kit.store, ['a', 'b'])
      const a = await take(kit.store)
      const missed = await settle(kit.store, { ...a, lease_token: 'stranger' }, SUCCESS, claimOf({ token: 't1' }))
      expect(missed.state).to.equal(null)
      expect(missed.next?.job?.id).to.equal('b')
      const both = await settle(kit.store, a, FAILURE, claimOf({ token: 't1' }))
      expect(await settle(kit.store, a, FAILURE, claimOf({ token: 't1' }))).to.deep.equal(both)
    })

    it('R7: a cancel request wins against every outcome but a success', async () => {
      const cases = [
        [SUCCESS, 'completed', 'completed', null],
        [FAILURE, 'cancelled', 'cancelled', 'cancelled'],
        [{ kind: 'released', cause: 'end of grace' }, 'cancelled', 'cancelled', 'cancelled'],
        [{ kind: 'interrupted', cause: 'host lost' }, 'cancelled', 'cancelled', 'cancelled'],
        [{ kind: 'interrupted', cause: 'worker died' }, 'cancelled', 'cancelled', 'cancelled'],
        [{ kind: 'cancelled', exit_code: null, signal: 'SIGTERM' }, 'cancelled', 'cancelled', 'cancelled'],
      ] as const
      for (const [outcome, state, run_outcome, reason] of cases) {
        const id = `${outcome.kind}${state}${'cause' in outcome ? outcome.cause.length : ''}`
        await put(kit.store, [id])
        const job = await take(kit.store)
        await kit.store.cancel({ ids: [id] })
        expect((await settle(kit.store, job, outcome)).state).to.equal(state)
        const after = await mustGet(kit.store, id)
        expect(after).to.include({ ...UNHELD, state, reason, attempts: 0, interruptions: 0, worker_deaths: 0 })
        expect(after.finished_at).to.be.a('number')
        expect((await kit.store.runs({ id }))[0]).to.include({ outcome: run_outcome })
      }
    })

    it('R7: the last failure of a job with a cancel request is a failed run of a cancelled job', async () => {
      await put(kit.store, ['a'], { max_retries: 0 })
      const job = await take(kit.store)
      await kit.store.cancel({ ids: ['a'] })
      expect((await settle(kit.store, job, FAILURE)).state).to.equal('cancelled')
      expect((await kit.store.runs({ id: 'a' }))[0]).to.include({ outcome: 'failed', exit_code: 2 })
    })

    it('ends the run now when its duration is unknown', async () => {
      await put(kit.store, ['a'])
      const job = await take(kit.store)
      const run = { worker: 'w9', host: 'there', run_ms: null }
      const settlement = decide(job, { kind: 'interrupted', cause: 'host lost' })
      await kit.store.settle({ id: 'a', token: job.lease_token, settlement, run })
      const [booked] = await kit.store.runs({ id: 'a' })
      expect(booked).to.include({ worker: 'w9', host: 'there', outcome: 'interrupted', cause: 'host lost' })
      expect(booked?.finished_at).to.be.within(Number(job.started_at), kit.store.now() + CLOCK_MS)
    })

    it('keeps the numbers of runs through a requeue', async () => {
      await ended(kit.store, 'a', FAILURE)
      await kit.store.requeue({ ids: ['a'] })
      await settle(kit.store, await take(kit.store), SUCCESS)
      expect((await kit.store.runs({ id: 'a' })).map((run) => run.number)).to.deep.equal([1, 2])
    })
  })
}
