import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { Scene } from '../helpers/supervised.ts'
import { keepsTo, waitFor } from '../helpers/wait-for.ts'

/** Logs its start and its SIGTERM. */
const WITNESS = `trap 'echo term >> ledger; exit 0' TERM; echo begun >> ledger; while :; do sleep 0.02; done`

describe('a cancel request @posix', function () {
  this.timeout(120_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  it('reaches a run that has just started within 1 s (R7) @full', async () => {
    await scene.start()
    const logged = (word: string) => scene.lines('ledger').filter((line) => line === word).length
    let round = 0
    const cancel = async () => {
      round++
      const beats = async () => (await scene.supervisors())[0]?.beats ?? 0
      const id = await scene.add(WITNESS)
      await waitFor(() => logged('begun') === round, { within: 5_000, what: 'the job runs' })
      // Just after a heartbeat: waiting for the next one would take 2 s.
      const before = await beats()
      await waitFor(async () => (await beats()) > before, { within: 3_000, what: 'a heartbeat' })
      const requested_at = monotonic()
      await scene.store.cancel({ ids: [id] })
      await waitFor(() => logged('term') === round, { within: 1_000, what: 'the job gets SIGTERM' })
      const ms = monotonic() - requested_at
      const job = await scene.until(id, { state: 'cancelled' }, 2_000)
      expect(job).to.include({ attempts: 0, interruptions: 0, exit_code: 0 })
      return ms
    }
    await keepsTo(1_000, cancel)
  })

  it('reaches a worker whose supervisor is dead (R2, R7) @slow', async () => {
    const id = await scene.add(WITNESS)
    const { child } = await scene.start()
    await waitFor(() => scene.lines('ledger').length === 1, { within: 5_000, what: 'the job runs' })
    child.kill('SIGKILL')
    await scene.store.cancel({ ids: [id] })
    // The worker learns of it when it renews: after 4 s without a ping, then every 2 s.
    await scene.until(id, { state: 'cancelled' }, 9_000)
  })

  it('is refused after a success (R7)', async () => {
    const id = await scene.add('true')
    await scene.start()
    await scene.until(id, { state: 'completed' }, 5_000)
    expect((await scene.run('cancel', id)).code).to.equal(1)
    expect((await scene.job(id)).state).to.equal('completed')
  })
})
