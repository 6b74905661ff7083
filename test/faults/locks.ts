import { expect } from 'chai'
import { READY_MS } from '../../src/domain/timing.ts'
import { monotonic } from '../../src/platform/clock.ts'
import type { Story } from '../helpers/side-by-side.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Of a store whose lock another process holds. */
export const LOCKS: Record<string, Story> = {
  'a lock that is held for 3 s: whoever waits gets it (F17)': {
    async tell(scene) {
      const id = await scene.add('sleep 1; echo ran >> ledger')
      await scene.start()
      await scene.holder(id)
      const lock = await scene.lock()
      const began = monotonic()
      const enqueue = scene.run('enqueue', '--id', 'waits', '--', 'true')
      await waitFor(() => monotonic() - began > 3_000, { within: 4_000, what: '3 s' })
      await lock.release()
      expect((await enqueue).code).to.equal(0)
      await scene.until('waits', { state: 'completed' }, 3_000)
      expect(await scene.job(id)).to.include({ state: 'completed', runs: 1 })
    },
  },

  'a lock that is held from before the first heartbeat: workers wait for it, and none is killed (F17)': {
    async tell(scene) {
      const id = await scene.add('true')
      const lock = await scene.lock()
      const { said } = scene.launch()
      await waitFor(() => said().includes('starts 1 worker'), { within: 10_000, what: 'the supervisor runs' })
      const began = monotonic()
      await waitFor(() => monotonic() - began > READY_MS + 2_000, {
        within: READY_MS + 3_000,
        what: 'it would be late',
      })
      await lock.release()
      await scene.until(id, { state: 'completed' }, 5_000)
      expect(said()).to.not.match(/killed|ended/)
    },
  },
}
