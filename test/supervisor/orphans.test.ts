import { expect } from 'chai'
import { monotonic } from '../../src/platform/clock.ts'
import { killQuietly, lives } from '../helpers/processes.ts'
import { isAlive, Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('workers without a supervisor', function () {
  this.timeout(60_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  /** A supervisor that was killed while one of its workers runs `id`. Returns that worker. */
  const orphan = async (id: string, ...args: string[]) => {
    const { child } = await scene.start(...args)
    const worker = await scene.holder(id)
    child.kill('SIGKILL')
    await waitFor(() => !lives(child.pid), { within: 2_000, what: 'the supervisor is dead' })
    return worker
  }

  it('end what exceeds the grace, and give it back (F2, R2, R6)', async () => {
    const id = await scene.add('exec sleep 600')
    const began = monotonic()
    const worker = await orphan(id, '--grace', '1s')
    await waitFor(() => !isAlive(worker), { within: 8_000, what: 'the worker has ended' })
    expect(monotonic() - began).to.be.above(1_000)
    expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0, interruptions: 0 })
    expect((await scene.runs(id))[0]).to.include({ outcome: 'released', cause: 'end of grace' })
  })

  it('are left alone by the next supervisor while they live and renew (R2)', async () => {
    const id = await scene.add('echo start >> ledger; sleep 6; echo end >> ledger')
    const worker = await orphan(id)
    await scene.start()
    const fresh = await scene.add('echo fresh >> ledger')
    await scene.until(fresh, { state: 'completed' }, 3_000)
    expect(isAlive(worker)).to.equal(true)
    await scene.until(id, { state: 'completed' }, 9_000)
    expect(scene.lines('ledger')).to.deep.equal(['start', 'fresh', 'end'])
    expect(await scene.runs(id)).to.have.length(1)
  })

  it('are waited for by worker stop, which ends what is left (R8)', async () => {
    const id = await scene.add('sleep 2; echo end >> ledger')
    const worker = await orphan(id)
    const { code, stderr } = await scene.run('worker', 'stop')
    expect(code).to.equal(0)
    expect(stderr)
      .to.contain(`${worker.id} (pid ${worker.identity.pid}`)
      .and.to.match(/stops; workers: 1, running jobs: 1/)
    expect(isAlive(worker)).to.equal(false)
    expect(scene.lines('ledger')).to.deep.equal(['end'])
    expect((await scene.job(id)).state).to.equal('completed')
  })

  it('are ended at once by worker stop --force, with their jobs (R6, R8)', async () => {
    const id = await scene.add(`trap '' TERM; while :; do sleep 0.1; done`)
    const worker = await orphan(id)
    const began = monotonic()
    const { code, stdout } = await scene.run('worker', 'stop', '--force')
    expect(code).to.equal(1)
    expect(stdout).to.match(/1 workers, 1 runs ended/)
    expect(monotonic() - began).to.be.below(5_000)
    expect([isAlive(worker), scene.carriers()]).to.deep.equal([false, []])
    expect(await scene.job(id)).to.include({ state: 'pending', interruptions: 1, worker_deaths: 0 })
  })

  it('that cannot write a result leave it on disk for whoever comes next (F16, R5)', async () => {
    const id = await scene.add('sleep 0.5; echo ran >> ledger')
    const worker = await orphan(id)
    const lock = await scene.lock()
    await waitFor(() => scene.lines('ledger').length === 1, { within: 3_000, what: 'the run has ended' })
    const ended_at = monotonic()
    await waitFor(() => monotonic() - ended_at > 3_000, { within: 4_000, what: 'the settle is given up' })
    await lock.release()
    await waitFor(() => !isAlive(worker), { within: 12_000, what: 'the worker has ended' })
    killQuietly(worker.identity.pid)
    await scene.start()
    await scene.until(id, { state: 'completed' }, 3_000)
    expect(scene.lines('ledger')).to.deep.equal(['ran'])
  })
})
