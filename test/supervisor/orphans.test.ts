import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { lives } from '../helpers/processes.ts'
import { isAlive, Scene, UNTIL_GO } from '../helpers/supervised.ts'
import { pass, waitFor } from '../helpers/wait-for.ts'

describe('workers without a supervisor @posix', function () {
  this.timeout(120_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  /** Starts a supervisor and kills it while one of its workers runs `id`. Returns that worker. */
  const orphan = async (id: string, ...args: string[]) => {
    const { child } = await scene.start(...args)
    const worker = await scene.holder(id)
    await scene.begun()
    child.kill('SIGKILL')
    await waitFor(() => !lives(child.pid), { within: 2_000, what: 'the supervisor is dead' })
    return worker
  }

  it('end and release jobs that exceed the grace (F2, R2, R6)', async () => {
    const id = await scene.add('echo begun >> ledger; exec sleep 600')
    const began = monotonic()
    const worker = await orphan(id, '--grace', '1s')
    await waitFor(() => !isAlive(worker), { within: 8_000, what: 'the worker has exited' })
    expect(monotonic() - began).to.be.above(1_000)
    expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0, interruptions: 0 })
    expect((await scene.runs(id))[0]).to.include({ outcome: 'released', cause: 'end of grace' })
  })

  it('keep their jobs beside the next supervisor while they live and renew (R2)', async () => {
    const id = await scene.add(`echo start >> ledger; ${UNTIL_GO}; echo end >> ledger`)
    const worker = await orphan(id, '--grace', '5m')
    await scene.start()
    const fresh = await scene.add('echo fresh >> ledger')
    await scene.until(fresh, { state: 'completed' }, 3_000)
    const beats = async () => (await scene.workers()).find((row) => row.id === worker.id)?.beats ?? 0
    await waitFor(async () => (await beats()) > worker.beats, {
      within: 9_000,
      what: 'the worker renews its own lease',
    })
    expect(isAlive(worker)).to.equal(true)
    scene.go()
    await scene.until(id, { state: 'completed' }, 9_000)
    expect(scene.lines('ledger')).to.deep.equal(['start', 'fresh', 'end'])
    expect(await scene.runs(id)).to.have.length(1)
  })

  it('stop with worker stop, which waits for them and recovers what remains (R8)', async () => {
    const id = await scene.add(`echo start >> ledger; ${UNTIL_GO}; echo end >> ledger`)
    const worker = await orphan(id)
    const stop = scene.begin('worker', 'stop')
    const stops = () => /is stopping; workers: 1, running jobs: 1/.test(stop.warned())
    await waitFor(stops, { within: 5_000, what: 'it reports the worker it waits for' })
    scene.go()
    const { code, stderr } = await stop.ended
    expect(code).to.equal(0)
    expect(stderr).to.contain(`${worker.id} (pid ${worker.identity.pid}`)
    expect(isAlive(worker)).to.equal(false)
    expect(scene.lines('ledger')).to.deep.equal(['start', 'end'])
    expect((await scene.job(id)).state).to.equal('completed')
  })

  it('end at once with worker stop --force, with their jobs (R6, R8)', async () => {
    const id = await scene.add(`trap '' TERM; echo begun >> ledger; while :; do sleep 0.1; done`)
    const worker = await orphan(id)
    const began = monotonic()
    const { code, stdout } = await scene.run('worker', 'stop', '--force')
    expect(code).to.equal(1)
    expect(stdout).to.match(/1 worker, 1 run\n/)
    expect(monotonic() - began).to.be.below(15_000)
    expect([isAlive(worker), scene.carriers()]).to.deep.equal([false, []])
    expect(await scene.job(id)).to.include({ state: 'pending', interruptions: 1, worker_deaths: 0 })
  })

  it('keep a result that they cannot store on disk, for the next supervisor (F16, R5)', async () => {
    const id = await scene.add(`echo start >> ledger; ${UNTIL_GO}; echo ran >> ledger`)
    const worker = await orphan(id)
    const lock = await scene.lock()
    scene.go()
    await scene.begun('ledger', 2)
    // By then the worker has given up the settle.
    await pass(3_000)
    await lock.release()
    await waitFor(() => !isAlive(worker), { within: 12_000, what: 'the worker has exited' })
    await scene.start()
    await scene.until(id, { state: 'completed' }, 3_000)
    expect(scene.lines('ledger')).to.deep.equal(['start', 'ran'])
  })
})
