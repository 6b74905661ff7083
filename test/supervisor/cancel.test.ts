import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { Scene } from '../helpers/supervised.ts'
import { keepsTo, waitFor } from '../helpers/wait-for.ts'

/** Writes down when it begins and when it is asked to end. */
const WITNESS = `trap 'echo asked >> ledger; exit 0' TERM; echo begun >> ledger; while :; do sleep 0.02; done`

describe('a cancel request @posix', function () {
  this.timeout(120_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  it('reaches a run that has just begun within a second (R7) @full', async () => {
    await scene.start()
    const heard = (word: string) => scene.lines('ledger').filter((line) => line === word).length
    let round = 0
    const ask = async () => {
      round++
      const beats = async () => (await scene.supervisors())[0]?.beats ?? 0
      const id = await scene.add(WITNESS)
      await waitFor(() => heard('begun') === round, { within: 5_000, what: 'it runs' })
      // Just behind a beat: what waits for the next one takes two seconds.
      const before = await beats()
      await waitFor(async () => (await beats()) > before, { within: 3_000, what: 'a beat' })
      const asked_at = monotonic()
      await scene.store.cancel({ ids: [id] })
      await waitFor(() => heard('asked') === round, { within: 1_000, what: 'it is asked to end' })
      const ms = monotonic() - asked_at
      const job = await scene.until(id, { state: 'cancelled' }, 2_000)
      expect(job).to.include({ attempts: 0, interruptions: 0, exit_code: 0 })
      return ms
    }
    await keepsTo(1_000, ask)
  })

  it('reaches a worker whose supervisor is dead (R2, R7) @slow', async () => {
    const id = await scene.add(WITNESS)
    const { child } = await scene.start()
    await waitFor(() => scene.lines('ledger').length === 1, { within: 5_000, what: 'it runs' })
    child.kill('SIGKILL')
    await scene.store.cancel({ ids: [id] })
    // It looks when it renews: after 4 s without a ping, then every 2 s.
    await scene.until(id, { state: 'cancelled' }, 9_000)
  })

  it('that comes after a success is refused (R7)', async () => {
    const id = await scene.add('true')
    await scene.start()
    await scene.until(id, { state: 'completed' }, 5_000)
    expect((await scene.run('cancel', id)).code).to.equal(1)
    expect((await scene.job(id)).state).to.equal('completed')
  })
})
