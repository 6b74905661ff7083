import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { killQuietly } from '../helpers/processes.ts'
import { sideBySide } from '../helpers/side-by-side.ts'
import { UNTIL_GO } from '../helpers/supervised.ts'
import { pass, waitFor } from '../helpers/wait-for.ts'

sideBySide('a stop at the same time as another event @posix @slow', {
  'SIGTERM to every process at once, jobs first: released, not failed (R6)': {
    async tell(scene) {
      const ids = await Promise.all([1, 2, 3, 4].map(() => scene.add('sleep 30; true')))
      const { child, ended } = await scene.start('--count', '2', '--concurrency', '2')
      const jobs = await waitFor(
        () => {
          const carriers = scene.carriers()
          return carriers.length === 8 && carriers
        },
        { within: 5_000, what: 'all jobs run' },
      )
      const ours = [...(await scene.workers()).map(({ identity }) => identity.pid), child.pid]
      // All processes are suspended while they are signalled: for them, the signals arrive at the same time.
      for (const pid of ours) killQuietly(pid, 'SIGSTOP')
      for (const pid of [...jobs, ...ours]) killQuietly(pid, 'SIGTERM')
      for (const pid of ours) killQuietly(pid, 'SIGCONT')
      await ended
      for (const id of ids) {
        expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0, interruptions: 0 })
        expect((await scene.runs(id)).map(({ outcome, cause }) => [outcome, cause])).to.deep.equal([
          ['released', 'stop signal'],
        ])
      }
    },
  },

  'a lock held since before the first heartbeat: workers that have not started stop at once': {
    async tell(scene) {
      await scene.run('config', 'list')
      const lock = await scene.lock()
      const { child, ended, said } = scene.launch('--count', '2')
      await waitFor(() => said().includes('starts 2 workers'), { within: 10_000, what: 'the supervisor runs' })
      const began = monotonic()
      child.kill('SIGTERM')
      expect((await ended).code).to.equal(0)
      expect(monotonic() - began).to.be.below(20_000)
      expect(said()).to.not.match(/worker .* exited/)
      await lock.release()
      await scene.run('worker', 'stop')
    },
  },

  'SIGTERM to a worker during a stop: the grace does not start again (R8)': {
    async tell(scene) {
      const id = await scene.add(`trap '' TERM; echo begun >> ledger; while :; do sleep 0.1; done`)
      const { child, ended } = await scene.start('--grace', '7s')
      const { identity } = await scene.holder(id)
      await scene.begun()
      const began = monotonic()
      child.kill('SIGTERM')
      // After this time the grace is nearly over.
      await pass(6_000)
      process.kill(identity.pid, 'SIGTERM')
      expect((await ended).code).to.equal(1)
      expect(monotonic() - began).to.be.within(11_500, 17_500)
      expect((await scene.runs(id))[0]).to.include({ outcome: 'released', cause: 'end of grace', signal: null })
    },
  },

  'a lock released late: no claim made meanwhile is kept, and no job starts (F16, R6)': {
    async tell(scene) {
      const long = await scene.add(`echo begun >> ledger; ${UNTIL_GO}`)
      const { child, ended } = await scene.start('--concurrency', '2')
      await scene.begun()
      const late = await scene.add('echo ran >> ledger', { delay_ms: 5_000 })
      const lock = await scene.lock()
      // The job is due: the idle slot of the worker tries to claim it and waits for the lock.
      await waitFor(async () => (await scene.job(late)).next_run_at < scene.store.now() - 200, {
        within: 6_000,
        what: 'it is due',
      })
      child.kill('SIGTERM')
      // After this time the claim is given up.
      await pass(2_500)
      await lock.release()
      scene.go()
      expect((await ended).code).to.equal(0)
      expect(await scene.job(long)).to.include({ state: 'completed' })
      expect(await scene.job(late)).to.include({ state: 'pending', attempts: 0, interruptions: 0 })
      expect(scene.lines('ledger')).to.deep.equal(['begun'])
    },
  },

  'a lock held during worker stop: the supervisor is signalled anyway (F16, R8)': {
    async tell(scene) {
      const { ended } = await scene.start()
      const lock = await scene.lock()
      const began = monotonic()
      const stop = scene.run('worker', 'stop', '--timeout', '40s')
      await ended
      expect(monotonic() - began).to.be.below(20_000)
      await lock.release()
      expect((await stop).code).to.equal(0)
    },
  },
})
