import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { faultEnvironment } from '../helpers/fault.ts'
import { lives } from '../helpers/processes.ts'
import type { Story } from '../helpers/side-by-side.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Faults of workers. */
export const BOOTS: Record<string, Story> = {
  'workers that die at their start: forked again with a growing back-off, then given up, exit 70 (F13)': {
    env: () => faultEnvironment('death-at-boot'),
    async tell(scene) {
      const began = monotonic()
      const { code, stdout } = await scene.launch().ended
      expect(code).to.equal(70)
      expect(stdout.match(/exited: exit code 9/g)).to.have.length(5)
      expect(stdout).to.match(/replaced in 100ms[\s\S]*replaced in 200ms[\s\S]*replaced in 400ms[\s\S]*stopping/)
      expect(monotonic() - began).to.be.above(1_500)
    },
  },

  'a worker that hangs at its start: killed and replaced after 15 s (F13)': {
    env: () => faultEnvironment('hang-at-boot', path.join(tempFolder(), 'hangs')),
    async tell(scene, env) {
      const id = await scene.add('true')
      const { said } = scene.launch()
      const began = monotonic()
      const [, file = ''] = (env.TEST_FAULT ?? '').split(' ')
      // The time that a busy machine takes to get this far is not measured.
      await waitFor(() => hangs(file), { within: 20_000, what: 'it hangs' })
      await scene.until(id, { state: 'completed' }, 25_000)
      expect(monotonic() - began).to.be.above(14_000)
      expect(said()).to.match(/was not ready in 15 s: killing it/)
      expect(await scene.runs(id)).to.have.length(1)
    },
  },

  'a worker whose event loop hangs: killed after 15 s, and its job runs again (F9, R2)': {
    env: () => faultEnvironment('hang-at-signal', path.join(tempFolder(), 'hangs')),
    async tell(scene, env) {
      const id = await scene.add('echo start >> ledger; [ "$QUEUECTL_RUN" = 1 ] && exec sleep 600; true')
      const { said } = await scene.start('--count', '2')
      const worker = await scene.holder(id)
      await waitFor(() => scene.lines('ledger').length === 1, { within: 10_000, what: 'the command runs' })
      const [first] = scene.carriers()
      process.kill(worker.identity.pid, 'SIGUSR2')
      const [, file = ''] = (env.TEST_FAULT ?? '').split(' ')
      await waitFor(() => hangs(file) === worker.id, { within: 10_000, what: 'it hangs' })
      await scene.until(id, { state: 'completed' }, 35_000)
      expect(said()).to.match(/did not answer for 15 s: killing it/)
      expect((await scene.runs(id))[0]).to.include({ outcome: 'interrupted', cause: 'worker died' })
      expect(await scene.job(id)).to.include({ attempts: 0, interruptions: 1, worker_deaths: 1, runs: 2 })
      expect([lives(worker.identity.pid), lives(first ?? 0)]).to.deep.equal([false, false])
    },
  },
}

/** The ID of the worker that hangs, which it wrote to `file`; null: none does. */
function hangs(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}
