import { expect } from 'chai'
import { monotonic } from '../../src/platform/clock.ts'
import { killQuietly } from '../helpers/processes.ts'
import { Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('a stop that meets something else', function () {
  this.timeout(40_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  it('SIGTERM to every process at once, jobs first: released, not failed (R6)', async () => {
    const ids = await Promise.all([1, 2, 3, 4].map(() => scene.add('sleep 30; true')))
    const { child, ended } = await scene.start('--count', '2', '--concurrency', '2')
    await waitFor(() => scene.carriers().length === 8, { within: 5_000, what: 'all jobs run' })
    const workers = (await scene.workers()).map(({ identity }) => identity.pid)
    for (const pid of [...scene.carriers(), ...workers, child.pid]) killQuietly(pid, 'SIGTERM')
    await ended
    for (const id of ids) {
      expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0, interruptions: 0 })
      expect((await scene.runs(id)).map(({ outcome, cause }) => [outcome, cause])).to.deep.equal([
        ['released', 'stop signal'],
      ])
    }
  })

  it('a lock that is held since before the first heartbeat: workers that have not begun end at once', async () => {
    await scene.run('config', 'list')
    const lock = await scene.lock()
    const { child, ended, said } = scene.launch('--count', '2')
    await waitFor(() => said().includes('starts 2 workers'), { within: 10_000, what: 'the supervisor runs' })
    const began = monotonic()
    child.kill('SIGTERM')
    expect((await ended).code).to.equal(0)
    expect(monotonic() - began).to.be.below(6_000)
    expect(said()).to.not.match(/worker .* ended/)
    await lock.release()
    await scene.run('worker', 'stop')
  })

  it('SIGTERM to a worker in the middle of a stop: the grace does not begin anew (R8)', async () => {
    const id = await scene.add(`trap '' TERM; while :; do sleep 0.1; done`)
    const { child, ended } = await scene.start('--grace', '3s')
    const { identity } = await scene.holder(id)
    const began = monotonic()
    child.kill('SIGTERM')
    await waitFor(() => monotonic() - began > 2_500, { within: 3_000, what: 'the grace is nearly over' })
    process.kill(identity.pid, 'SIGTERM')
    expect((await ended).code).to.equal(1)
    expect(monotonic() - began).to.be.within(7_500, 10_000)
    expect((await scene.runs(id))[0]).to.include({ outcome: 'released', cause: 'end of grace', signal: null })
  })

  it('a lock that is let go late: nothing claimed meanwhile is kept, nothing runs (F16, R6)', async () => {
    const long = await scene.add('sleep 6')
    const { child, ended } = await scene.start('--concurrency', '2')
    await scene.until(long, { state: 'processing' }, 5_000)
    const late = await scene.add('echo ran >> ledger', { delay_ms: 1_500 })
    const lock = await scene.lock()
    // Its time has come: the idle slot of the worker asks for it and waits for the lock.
    await waitFor(async () => (await scene.job(late)).next_run_at < scene.store.now() - 200, {
      within: 4_000,
      what: 'it is due',
    })
    child.kill('SIGTERM')
    const began = monotonic()
    await waitFor(() => monotonic() - began > 2_500, { within: 3_000, what: 'the claim is given up' })
    await lock.release()
    expect((await ended).code).to.equal(0)
    expect(await scene.job(long)).to.include({ state: 'completed' })
    expect(await scene.job(late)).to.include({ state: 'pending', attempts: 0, interruptions: 0 })
    expect(scene.lines('ledger')).to.deep.equal([])
  })

  it('a lock that is held when worker stop comes: it is signalled all the same (F16, R8)', async () => {
    const { ended } = await scene.start()
    const lock = await scene.lock()
    const began = monotonic()
    const stop = scene.run('worker', 'stop', '--timeout', '20s')
    await ended
    expect(monotonic() - began).to.be.below(15_000)
    await lock.release()
    expect((await stop).code).to.equal(0)
  })
})
