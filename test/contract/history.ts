import { expect } from 'chai'
import { claimFilter } from '../../src/domain/claim-filter.ts'
import type { JobHistory } from '../../src/domain/history.ts'
import { decide, type Outcome } from '../../src/domain/outcome.ts'
import { auditStore } from '../../src/views/audit-view.ts'
import { ended, FAILURE, type Kit, mustGet, newJob, put, SUCCESS, settle, take } from './kit.ts'

/** The run history: the outcome of every run. */
export function historyContract(kit: Kit): void {
  describe('the run history', () => {
    const all = async (limit = 100): Promise<JobHistory[]> => {
      const histories: JobHistory[] = []
      for (let after: number | null = null; ; ) {
        const page: Awaited<ReturnType<typeof kit.store.history>> = await kit.store.history({ after, limit })
        histories.push(...page.histories)
        after = page.next
        if (after === null) return histories
      }
    }

    it('has each job with its finished runs, and the state of the job after each', async () => {
      await put(kit.store, ['a'], { backoff_base: 0 })
      await settle(kit.store, await take(kit.store), FAILURE)
      await settle(kit.store, await take(kit.store), SUCCESS)
      await kit.store.requeue({ ids: ['a'] })
      await take(kit.store)
      const [history] = await all()
      expect(history?.job).to.deep.equal(await mustGet(kit.store, 'a'))
      expect(history?.job).to.include({ runs: 3, requeues: 1 })
      const shown = history?.runs.map(({ number, outcome, state, requeues }) => [number, outcome, state, requeues])
      expect(shown).to.deep.equal([
        [1, 'failed', 'pending', 0],
        [2, 'completed', 'completed', 0],
      ])
      const runs = (history?.runs ?? []).map(({ state: _state, requeues: _requeues, ...run }) => run)
      expect(runs).to.deep.equal(await kit.store.runs({ id: 'a' }))
    })

    it('comes in pages, in the order of insert, with each job once', async () => {
      const ids = ['e', 'd', 'c', 'b', 'a']
      await put(kit.store, ids)
      for (const limit of [1, 2, 5, 6]) {
        expect(
          (await all(limit)).map(({ job }) => job?.id),
          `pages of ${limit}`,
        ).to.deep.equal(ids)
      }
      const { next } = await kit.store.history({ after: null, limit: 3 })
      await ended(kit.store, 'f', SUCCESS)
      await kit.store.purge({ states: ['completed'], older_than_ms: 0, limit: 10 })
      const { histories } = await kit.store.history({ after: next, limit: 100 })
      expect(histories.length).to.be.within(2, 3)
    })

    it('balances in all states of the jobs', async () => {
      const outcomes: Outcome[] = [
        SUCCESS,
        FAILURE,
        { kind: 'signal', signal: 'SIGKILL' },
        { kind: 'timeout', exit_code: null, signal: 'SIGTERM' },
        { kind: 'released', cause: 'end of grace' },
        { kind: 'interrupted', cause: 'host lost' },
        { kind: 'interrupted', cause: 'worker died' },
        { kind: 'cancelled', exit_code: null, signal: 'SIGTERM' },
      ]
      for (const [index, outcome] of outcomes.entries()) {
        for (const cancelled of [false, true]) {
          const id = `${cancelled ? 'c' : 'j'}${index}`
          await kit.store.insert({
            jobs: [newJob({ id, queue: id, max_retries: 1, max_interruptions: 2, backoff_base: 0 })],
          })
          for (let run = 0; run < 2; run++) {
            const { job } = await kit.store.claim({
              worker_id: 'w1',
              host: 'here',
              token: `${id}run${run}`,
              filter: claimFilter([id]),
              lease_ms: 20_000,
            })
            if (!job) break
            if (cancelled && run === 1) await kit.store.cancel({ ids: [id] })
            const run_of = { worker: 'w1', host: 'here', run_ms: 1 }
            await kit.store.settle({ id, token: `${id}run${run}`, settlement: decide(job, outcome), run: run_of })
          }
          if (index % 2 === 0) await kit.store.requeue({ ids: [id] })
        }
      }
      await put(kit.store, ['waiting', 'running'])
      await kit.store.cancel({ ids: ['waiting'] })
      await kit.store.requeue({ ids: ['waiting'] })
      await take(kit.store, { filter: claimFilter(['default']) })
      const { faults, totals, ok } = await auditStore(kit.store)
      expect(faults).to.deep.equal([])
      expect(ok).to.equal(true)
      expect(totals.running).to.equal(1)
      expect(Math.min(...Object.values(totals.outcomes)), JSON.stringify(totals.outcomes)).to.be.above(0)
    })
  })
}
