import { availableParallelism } from 'node:os'
import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { isAlive, Scene, UNTIL_GO } from '../helpers/supervised.ts'
import { keepsTo, pass, waitFor } from '../helpers/wait-for.ts'

/** Ignores SIGTERM once it has logged its start. */
const DEAF = `trap '' TERM; echo begun >> ledger; while :; do sleep 0.1; done`

describe('a supervisor’s life @posix', function () {
  this.timeout(120_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  const stops = () =>
    waitFor(async () => (await scene.supervisors())[0]?.state === 'stopping', {
      within: 3_000,
      what: 'the supervisor is stopping',
    })

  it('registers itself and its workers with their identities, and removes the rows when it stops (R4)', async () => {
    const { child, ended } = await scene.start('--count', '2')
    const [supervisor] = await scene.supervisors()
    expect(supervisor?.identity.pid).to.equal(child.pid)
    expect((await scene.workers()).map(isAlive)).to.deep.equal([true, true])
    child.kill('SIGTERM')
    expect((await ended).code).to.equal(0)
    expect(await scene.rows()).to.deep.equal([])
  })

  it('drains: exit 0 when all jobs succeed, retries and delays included', async () => {
    await scene.add('test -e tried || { touch tried; exit 1; }', { max_retries: 1 })
    const later = await scene.add('echo later', { delay_ms: 700 })
    const { ended } = scene.launch('--drain')
    expect((await ended).code).to.equal(0)
    expect((await scene.job(later)).state).to.equal('completed')
  })

  it('drains: exit 1 when a job dies meanwhile', async () => {
    await scene.add('exit 3')
    const { code, stdout } = await scene.launch('--drain').ended
    expect(code).to.equal(1)
    expect(stdout).to.match(/drained; 1 job died/)
  })

  it('drains: exit 124 at the timeout', async () => {
    await scene.add('echo never', { delay_ms: 600_000 })
    await scene.add('sleep 30')
    const began = monotonic()
    const { code, stdout } = await scene.launch('--drain', '--timeout', '1s', '--grace', '0').ended
    expect(code).to.equal(124)
    expect(stdout).to.match(/not drained in time: 2 jobs remaining\n/)
    expect(stdout).to.not.match(/ {2}drained/)
    expect(monotonic() - began).to.be.below(25_000)
  })

  it('drains: exit 75 when it is stopped before the queue is drained', async () => {
    await scene.add('echo later', { delay_ms: 600_000 })
    const { child, ended } = await scene.start('--drain')
    child.kill('SIGTERM')
    const { code, stdout } = await ended
    expect(code).to.equal(75)
    expect(stdout).to.match(/stopped before the drain was complete\n/)
  })

  it('counts a job that a stop ends once, as killed', async () => {
    const id = await scene.add('echo begun >> ledger; exec sleep 30')
    const { child, ended } = await scene.start('--grace', '0')
    await scene.begun()
    child.kill('SIGTERM')
    const { code, stdout } = await ended
    expect(code).to.equal(1)
    expect(stdout).to.match(/stopped; 1 job killed\n/)
    expect(await scene.job(id)).to.include({ state: 'pending', interruptions: 0 })
  })

  it('lets a running job finish after SIGTERM, however often it comes (R8)', async () => {
    const id = await scene.add(`echo begun >> ledger; ${UNTIL_GO}; echo done > finished`)
    const { child, ended } = await scene.start()
    await scene.begun()
    for (let i = 0; i < 5; i++) child.kill('SIGTERM')
    await stops()
    scene.go()
    expect((await ended).code).to.equal(0)
    expect(scene.lines('finished')).to.deep.equal(['done'])
    expect((await scene.job(id)).state).to.equal('completed')
  })

  it('exits 0 after SIGHUP and 130 after Ctrl-C; two SIGINT at once count as one (R8)', async () => {
    const id = await scene.add(`echo begun >> ledger; ${UNTIL_GO}`)
    const first = await scene.start()
    await scene.begun()
    first.child.kill('SIGINT')
    first.child.kill('SIGINT')
    await stops()
    scene.go()
    expect((await first.ended).code).to.equal(130)
    expect((await scene.job(id)).state).to.equal('completed')
    const second = await scene.start()
    second.child.kill('SIGHUP')
    expect((await second.ended).code).to.equal(0)
  })

  it('ends jobs at a second Ctrl-C, as an interruption, and kills them at a third (R6, R8)', async () => {
    const id = await scene.add(DEAF)
    const { child, ended, said } = await scene.start()
    await scene.begun()
    const press = async (seen: RegExp) => {
      child.kill('SIGINT')
      await waitFor(() => seen.test(said()), { within: 10_000, what: String(seen) })
      // After this pause the next press counts.
      await pass(510)
    }
    await press(/stopping \(Ctrl-C\)/)
    await press(/SIGTERM/)
    await press(/SIGKILL/)
    expect((await ended).code).to.equal(1)
    const job = await scene.job(id)
    expect(job).to.include({ state: 'pending', attempts: 0, interruptions: 1, worker_deaths: 0 })
  })

  it('releases jobs that exceed the grace: SIGTERM, 5 s, SIGKILL, uncounted (F10, R6) @slow', async () => {
    const id = await scene.add(DEAF)
    const { child, ended } = await scene.start('--grace', '1s')
    await scene.begun()
    const began = monotonic()
    child.kill('SIGTERM')
    expect((await ended).code).to.equal(1)
    expect(monotonic() - began).to.be.within(5_500, 16_000)
    expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0, interruptions: 0 })
    expect((await scene.runs(id))[0]).to.include({ outcome: 'released', cause: 'end of grace' })
  })

  it('counts a death by signal during a stop as a release, as when an init signals the whole group (R6)', async () => {
    const id = await scene.add('exec sleep 30')
    const { child, ended } = await scene.start()
    const { jobs } = await waitFor(async () => (await scene.workers()).find((row) => (row.jobs[0]?.pid ?? 0) > 1), {
      within: 5_000,
      what: 'the job’s pid is known',
    })
    child.kill('SIGTERM')
    await stops()
    process.kill(jobs[0]?.pid ?? 0, 'SIGTERM')
    await ended
    expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0 })
    expect((await scene.runs(id))[0]).to.include({ outcome: 'released' })
  })

  it('stops within its bound while another process holds the store’s lock all the time (F16, R8) @slow', async () => {
    const id = await scene.add('echo begun >> ledger; exec sleep 60')
    const { child, ended } = await scene.start('--grace', '1s')
    await scene.begun()
    const lock = await scene.lock()
    const began = monotonic()
    child.kill('SIGTERM')
    await ended
    expect(monotonic() - began).to.be.below(20_000)
    await lock.release()
    await scene.run('worker', 'stop')
    expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0 })
  })

  it('goes on when the reader of its output is gone', async () => {
    const id = await scene.add('sleep 0.3')
    const { child, ended } = await scene.start()
    child.stdout?.destroy()
    const next = await scene.add('echo unheard')
    await scene.until(id, { state: 'completed' }, 5_000)
    await scene.until(next, { state: 'completed' }, 5_000)
    child.kill('SIGTERM')
    expect((await ended).code).to.equal(0)
  })

  it('starts many workers a few at a time, so that none is late @slow', async () => {
    const { said } = scene.launch('--count', '16')
    let most = 0
    await waitFor(
      async () => {
        const starting = (await scene.workers()).filter(({ state }) => state === 'starting')
        most = Math.max(most, starting.length)
        return said().includes('16 workers ready')
      },
      { within: 40_000, what: 'all workers are ready' },
    )
    expect(most).to.be.within(1, Math.max(4, 2 * availableParallelism()))
    expect(said()).to.not.match(/killed/)
  })

  it('runs a job within 500 ms of its enqueue @full', async () => {
    await scene.start()
    const run = async () => {
      const id = await scene.add('true')
      const { finished_at, created_at } = await scene.until(id, { state: 'completed' }, 2_000)
      return (finished_at ?? 0) - created_at
    }
    await keepsTo(500, run)
  })

  it('with --detach returns to the shell when the workers are ready', async () => {
    const { code, stdout } = await scene.run('worker', 'start', '--detach', '--json')
    expect(code).to.equal(0)
    const { supervisor, log } = JSON.parse(stdout)
    const [row] = await scene.supervisors()
    expect(row).to.include({ id: supervisor, state: 'running', log })
  })
})
