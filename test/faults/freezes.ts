import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { freezeOutsideAWrite } from '../helpers/freeze.ts'
import { lives } from '../helpers/processes.ts'
import type { Story } from '../helpers/side-by-side.ts'
import { isAlive, UNTIL_GO } from '../helpers/supervised.ts'
import { pass, waitFor } from '../helpers/wait-for.ts'

/** Freezes of single processes. */
export const FREEZES: Record<string, Story> = {
  'a freeze of a worker: it is killed, its job runs elsewhere within 35 s, and the result of its own run is discarded (F7, R1, R2)':
    {
      async tell(scene) {
        const id = await scene.add(`echo start >> ledger; ${UNTIL_GO}; echo end >> ledger`)
        await scene.start('--count', '2')
        const { identity } = await scene.holder(id)
        await scene.begun()
        process.kill(identity.pid, 'SIGSTOP')
        scene.go()
        const began = monotonic()
        await scene.until(id, { runs: 2 }, 35_000)
        expect(monotonic() - began).to.be.above(4_000)
        await scene.until(id, { state: 'completed' }, 10_000)
        const outcomes = (await scene.runs(id)).map(({ outcome }) => outcome)
        // The job ended by itself meanwhile; its frozen worker could not record that.
        expect(outcomes).to.deep.equal(['interrupted', 'completed'])
        expect(lives(identity.pid)).to.equal(false)
      },
    },

  'a freeze of a worker that wakes in time: it goes on with its job, which runs once (F7, R2)': {
    async tell(scene) {
      const id = await scene.add(`echo start >> ledger; ${UNTIL_GO}; echo end >> ledger`)
      const { said } = await scene.start()
      const { identity } = await scene.holder(id)
      await scene.begun()
      await freezeOutsideAWrite(scene, [identity.pid])
      scene.go()
      // Far below the limit.
      await pass(7_000)
      process.kill(identity.pid, 'SIGCONT')
      await scene.until(id, { state: 'completed' }, 5_000)
      expect(await scene.runs(id)).to.have.length(1)
      expect(scene.lines('ledger')).to.deep.equal(['start', 'end'])
      expect((await scene.workers()).map((row) => row.identity.pid)).to.deep.equal([identity.pid])
      expect(said()).to.not.match(/killed|recovered/)
    },
  },

  'a freeze of an idle worker: wake-ups go to the other one, which starts jobs at once (F7)': {
    async tell(scene) {
      await scene.start('--count', '2')
      const [frozen] = await scene.workers()
      await freezeOutsideAWrite(scene, [frozen?.identity.pid ?? 0])
      const late: number[] = []
      const next = async () => {
        const id = await scene.add('true')
        const { created_at } = await scene.until(id, { state: 'completed' }, 5_000)
        late.push(Number((await scene.runs(id))[0]?.started_at) - created_at)
        return late.length >= 5 && late.slice(-5).every((ms) => ms < 300)
      }
      // Before it is killed and replaced.
      await waitFor(next, { within: 10_000, what: 'five jobs in a row do not wait for a poll' })
    },
  },

  'a freeze of the supervisor: its workers renew their own leases, and nothing runs twice (F8, R2, R9)': {
    async tell(scene) {
      const id = await scene.add('echo start >> ledger; sleep 27; echo end >> ledger')
      const { child } = await scene.start()
      const before = await scene.holder(id)
      await waitFor(async () => (await scene.supervisors())[0]?.state === 'running', {
        within: 5_000,
        what: 'the supervisor runs',
      })
      const frozen_at = monotonic()
      await freezeOutsideAWrite(scene, [child.pid])
      const renewed = async () => (await scene.workers())[0]?.beats ?? 0
      await waitFor(async () => (await renewed()) > before.beats + 2, { within: 20_000, what: 'the worker renews' })
      await waitFor(() => monotonic() - frozen_at > 24_000, {
        within: 25_000,
        what: 'longer than any limit of silence',
      })
      child.kill('SIGCONT')
      await scene.until(id, { state: 'completed' }, 10_000)
      expect(scene.lines('ledger')).to.deep.equal(['start', 'end'])
      expect((await scene.workers()).map((row) => row.id)).to.deep.equal([before.id])
    },
  },

  'a freeze of one of two supervisors: its workers keep their jobs (F8, R2)': {
    async tell(scene) {
      const id = await scene.add('echo start >> ledger; sleep 26; echo end >> ledger')
      const { child } = await scene.start()
      const worker = await scene.holder(id)
      await scene.start()
      await freezeOutsideAWrite(scene, [child.pid])
      await scene.until(id, { state: 'completed' }, 30_000)
      expect(isAlive(worker)).to.equal(true)
      child.kill('SIGCONT')
      expect(scene.lines('ledger')).to.deep.equal(['start', 'end'])
      expect(await scene.runs(id)).to.have.length(1)
    },
  },

  'a freeze of a worker whose supervisor is dead: its job runs elsewhere within 35 s (F7, R1, R2)': {
    async tell(scene) {
      const id = await scene.add('echo $$ >> ledger; exec sleep 600')
      const { child } = await scene.start()
      const worker = await scene.holder(id)
      await waitFor(() => scene.lines('ledger').length === 1, { within: 10_000, what: 'the first run' })
      child.kill('SIGKILL')
      await waitFor(() => !lives(child.pid), { within: 2_000, what: 'the supervisor is dead' })
      await freezeOutsideAWrite(scene, [worker.identity.pid])
      await scene.start()
      await scene.until(id, { runs: 2 }, 35_000)
      await waitFor(() => scene.lines('ledger').length === 2, { within: 10_000, what: 'the second run' })
      const [first, second] = scene.lines('ledger').map(Number)
      expect([lives(first ?? 0), lives(second ?? 0), isAlive(worker)]).to.deep.equal([false, true, false])
      expect(await scene.job(id)).to.include({ attempts: 0, interruptions: 1, worker_deaths: 0 })
    },
  },
}
