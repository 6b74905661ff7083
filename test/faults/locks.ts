import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { READY_MS } from '../../src/domain/timing.ts'
import { monotonic } from '../../src/lib/clock.ts'
import type { Story } from '../helpers/side-by-side.ts'
import { UNTIL_GO } from '../helpers/supervised.ts'
import { pass, waitFor } from '../helpers/wait-for.ts'

/** Faults of a store whose lock another process holds. */
export const LOCKS: Record<string, Story> = {
  'a lock that is held for a moment: those who wait get it (F17)': {
    async tell(scene) {
      const id = await scene.add(`${UNTIL_GO}; echo ran >> ledger`)
      await scene.start()
      await scene.holder(id)
      const lock = await scene.lock()
      scene.go()
      await scene.begun()
      const enqueue = scene.run('enqueue', '--id', 'waits', '--', 'true')
      // It waits for 5 s.
      await pass(2_500)
      await lock.release()
      expect((await enqueue).code).to.equal(0)
      await scene.until('waits', { state: 'completed' }, 3_000)
      expect(await scene.job(id)).to.include({ state: 'completed', runs: 1 })
    },
  },

  'a lock that is held for 30 s: commands give up with exit 75; workers and their jobs survive (F17, R2)': {
    async tell(scene) {
      const short = await scene.add(`${UNTIL_GO}; echo short >> ledger`)
      const long = await scene.add('sleep 29; echo long >> ledger')
      const { said } = await scene.start('--count', '2')
      await scene.holder(short)
      await scene.holder(long)
      const before = await scene.rows()
      const lock = await scene.lock()
      scene.go()
      const began = monotonic()
      const { code, stderr } = await scene.run('enqueue', '--', 'true')
      expect([code, stderr.match(/locked by another process/)?.length]).to.deep.equal([75, 1])
      expect(monotonic() - began).to.be.within(4_500, 25_000)
      await waitFor(() => monotonic() - began > 30_000, { within: 31_000, what: '30 s' })
      await lock.release()
      for (const id of [short, long]) {
        await scene.until(id, { state: 'completed' }, 6_000)
        expect(await scene.runs(id)).to.have.length(1)
      }
      expect(scene.lines('ledger')).to.deep.equal(['short', 'long'])
      expect((await scene.rows()).map((row) => row.id)).to.have.members(before.map((row) => row.id))
      expect(said()).to.not.match(/killed/)
    },
  },

  'a lock that keeps a detached start from becoming ready: reported after 30 s, and no process remains': {
    async tell(scene) {
      const lock = await scene.lock()
      const { code, stdout, stderr } = await scene.run('worker', 'start', '--detach')
      expect({ code, stdout }).to.deep.equal({ code: 75, stdout: '' })
      expect(stderr).to.match(/workers not ready within 30 s.*\n {2}log: /)
      const [, log = ''] = /log: (.*)/.exec(stderr) ?? []
      await waitFor(() => readFileSync(log, 'utf8').includes('stopped'), {
        within: 10_000,
        what: 'the supervisor has stopped',
      })
      await lock.release()
    },
  },

  'a lock that is held since before the first heartbeat: workers wait, and none is killed (F17)': {
    async tell(scene) {
      const id = await scene.add('true')
      const lock = await scene.lock()
      const { said } = scene.launch()
      await waitFor(() => said().includes('starts 1 worker'), { within: 10_000, what: 'the supervisor runs' })
      // After this time they would be late.
      await pass(READY_MS + 2_000)
      await lock.release()
      await scene.until(id, { state: 'completed' }, 5_000)
      expect(said()).to.not.match(/killed|exited/)
    },
  },
}
