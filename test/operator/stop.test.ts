import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { platform } from '../../src/platform/platform.ts'
import { freezeOutsideAWrite, killTogether } from '../helpers/freeze.ts'
import { endStrangers, killQuietly, lives, stranger } from '../helpers/processes.ts'
import { isAlive, Scene, UNTIL_GO } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('worker stop from another terminal @posix', function () {
  this.timeout(90_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(async () => {
    endStrangers()
    await scene.finish()
  })

  it('reports when no worker runs', async () => {
    expect(await scene.run('worker', 'stop')).to.include({ code: 0, stdout: 'no worker is running\n' })
    await scene.start().then(({ child }) => child.kill('SIGTERM'))
    await waitFor(async () => (await scene.rows()).length === 0, { within: 5_000, what: 'it has stopped' })
  })

  it('prints "stopped" when all processes are proved gone, and lets jobs finish (F15)', async () => {
    const id = await scene.add(UNTIL_GO)
    await scene.start('--count', '2')
    await scene.start()
    await scene.until(id, { state: 'processing' }, 5_000)
    const before = await scene.rows()
    const stop = scene.run('worker', 'stop')
    const stops = async () => (await scene.supervisors()).every(({ state }) => state === 'stopping')
    await waitFor(stops, { within: 5_000, what: 'both are stopping' })
    scene.go()
    const { code, stdout } = await stop
    expect(code).to.equal(0)
    expect(stdout.match(/stopped supervisor/g)).to.have.length(2)
    expect(before.filter(isAlive)).to.deep.equal([])
    expect((await scene.job(id)).state).to.equal('completed')
  })

  it('stops one supervisor by its id', async () => {
    await scene.start()
    await scene.start()
    const [first, second] = await scene.supervisors()
    expect((await scene.run('worker', 'stop', first?.id ?? '')).code).to.equal(0)
    expect((await scene.supervisors()).map(({ id }) => id)).to.deep.equal([second?.id])
  })

  it('stops one worker by its id, which lowers the count (R8)', async () => {
    await scene.start('--count', '3')
    const [worker] = await scene.workers()
    expect((await scene.run('worker', 'stop', worker?.id ?? '')).code).to.equal(0)
    const remaining = await waitFor(
      async () => {
        const [[supervisor], workers] = [await scene.supervisors(), await scene.workers()]
        return supervisor?.count === 2 && workers.length === 2 ? workers : null
      },
      { within: 5_000, what: 'the count is lower' },
    )
    expect(remaining.map(({ id }) => id)).not.to.include(worker?.id)
  })

  it('refuses an unknown id: exit 3', async () => {
    expect((await scene.run('worker', 'stop', 'w-nobody')).code).to.equal(3)
    await scene.run('worker', 'start', '--drain')
  })

  it('kills running jobs with --force: exit 1, an interruption (R6)', async () => {
    const id = await scene.add('echo begun >> ledger; exec sleep 600')
    await scene.start()
    await scene.begun()
    expect((await scene.run('worker', 'stop', '--force')).code).to.equal(1)
    expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0, interruptions: 1, worker_deaths: 0 })
  })

  it('exits 4 when a supervisor does not answer; --force then kills it from outside (R8) @slow', async () => {
    const id = await scene.add('sleep 600')
    const { child } = await scene.start()
    await scene.until(id, { state: 'processing' }, 5_000)
    await freezeOutsideAWrite(scene, [child.pid])
    const { code, stderr } = await scene.run('worker', 'stop', '--timeout', '1s')
    expect(code).to.equal(4)
    expect(stderr).to.match(/did not stop in time/)
    const began = monotonic()
    await scene.run('worker', 'stop', '--force')
    expect(monotonic() - began).to.be.below(30_000)
    expect(lives(child.pid)).to.equal(false)
    expect((await scene.job(id)).state).to.equal('pending')
  })

  it('cleans up after a dead supervisor and reports it (F15, R8)', async () => {
    const id = await scene.add('sleep 600')
    const { child } = await scene.start('--count', '2', '--grace', '1s')
    await scene.holder(id)
    const workers = await scene.workers()
    killTogether([child.pid, ...workers.map(({ identity }) => identity.pid)])
    await waitFor(() => !lives(child.pid), { within: 2_000, what: 'the supervisor is dead' })
    const { code, stdout } = await scene.run('worker', 'stop')
    expect(code).to.equal(0)
    expect(stdout).to.match(/cleaned up after dead supervisors: 1 supervisor, 2 workers, 1 run\n/)
    expect(scene.carriers()).to.deep.equal([])
    expect((await scene.job(id)).state).to.equal('pending')
  })

  it('does not signal an unrelated process whose pid is in a forged row (F15, S16, R4)', async () => {
    await scene.start().then(({ child, ended }) => {
      child.kill('SIGTERM')
      return ended
    })
    const { pid } = stranger()
    const self = platform.identify(process.pid)
    if (self === null) throw new Error('no identity')
    const identity = { ...self, pid, start: '1' }
    const forged = { host: 'here', identity, cpu: null, rss: null, done: 0, failed: 0, restarts: 0 }
    await scene.store.beat({
      supervisor: {
        ...forged,
        kind: 'supervisor',
        id: 's-forged',
        state: 'running',
        version: '0',
        count: 1,
        concurrency: 1,
        queues: null,
        grace: 1,
        cwd: '/',
        log: null,
        stuck: {},
        low_space: null,
      },
      workers: [{ ...forged, kind: 'worker', id: 'w-forged', supervisor_id: 's-forged', state: 'idle', jobs: [] }],
      tokens: [],
      lease_ms: 1000,
      sample: null,
    })
    expect((await scene.run('worker', 'stop', '--force')).code).to.equal(0)
    expect(lives(pid)).to.equal(true)
    expect(await scene.rows()).to.deep.equal([])
  })

  it('cancels a running job within a second; one that ignores SIGTERM within 6 s (F10, R7) @slow', async () => {
    const polite = await scene.add('echo begun >> ledger; exec sleep 600')
    const rude = await scene.add(`trap '' TERM; echo begun >> ledger; while :; do sleep 0.1; done`)
    await scene.start('--count', '2')
    await scene.begun('ledger', 2)
    const began = monotonic()
    await scene.store.cancel({ ids: [polite, rude] })
    await scene.until(polite, { state: 'cancelled' }, 3_000)
    await scene.until(rude, { state: 'cancelled' }, 9_000)
    expect(monotonic() - began).to.be.above(4_500)
    expect((await scene.runs(rude))[0]).to.include({ outcome: 'cancelled', signal: 'SIGKILL' })
  })

  it('keeps a cancel request through the death of the worker (R7)', async () => {
    const id = await scene.add(`trap '' TERM; while :; do sleep 0.1; done`)
    await scene.start()
    const { identity } = await scene.holder(id)
    await scene.store.cancel({ ids: [id] })
    killQuietly(identity.pid)
    await scene.until(id, { state: 'cancelled' }, 3_000)
  })
})
