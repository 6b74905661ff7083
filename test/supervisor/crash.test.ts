import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { openRunJournal } from '../../src/runs/journal.ts'
import { killTogether } from '../helpers/freeze.ts'
import { killQuietly, lives } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { STORES } from '../helpers/stores.ts'
import { isAlive, type Scene, UNTIL_GO } from '../helpers/supervised.ts'
import { keepsTo, waitFor } from '../helpers/wait-for.ts'

/** A job that logs its start, with children that try to outlive it. */
const FAMILY =
  'echo start >> ledger; sleep 600 & setsid sleep 601 & (setsid sleep 602 &); nohup sleep 603 >/dev/null 2>&1 & sleep 604'

for (const { name, embedded, prepare, openScene } of STORES) {
  describe(`a crash, on ${name} @posix`, function () {
    this.timeout(180_000)
    let scene: Scene
    before(prepare)
    beforeEach(async () => {
      scene = await openScene()
    })
    afterEach(() => scene.finish())

    /** The processes of FAMILY, once all run. */
    const family = () =>
      waitFor(
        () => {
          const carriers = scene.carriers()
          return carriers.length >= 6 && carriers
        },
        { within: 5_000, what: 'all processes of the job run' },
      )

    it('of a worker: its job is offered again within 1 s, interrupted and not failed (F1, F11, R1, R6) @full', async () => {
      const id = await scene.add(FAMILY, { max_interruptions: 100 })
      await scene.start('--count', '2')
      let deaths = 0
      const die = async () => {
        const { identity } = await scene.holder(id)
        const before = await family()
        deaths++
        const died_at = monotonic()
        killQuietly(identity.pid)
        await scene.until(id, { runs: deaths + 1 }, 10_000)
        const ms = monotonic() - died_at
        expect(before.filter(lives)).to.deep.equal([])
        expect(await scene.job(id)).to.include({ attempts: 0, interruptions: deaths, worker_deaths: deaths })
        expect((await scene.runs(id))[deaths - 1]).to.include({ outcome: 'interrupted', cause: 'worker died' })
        return ms
      }
      // The stand-in for a MongoDB server is slow on each round trip.
      const bound = embedded ? 1_500 : 5_000
      await keepsTo(bound, die)
    })

    it('of three workers under one job: the job is poison, other jobs go on (F12, R6)', async () => {
      const poison = await scene.add('kill -9 $PPID')
      const others = await Promise.all([1, 2, 3].map(() => scene.add('sleep 0.1', { max_interruptions: 100 })))
      const { code } = await scene.launch('--count', '2', '--drain', '--timeout', '30s').ended
      expect(code).to.equal(1)
      expect(await scene.job(poison)).to.include({ state: 'dead', reason: 'poison', interruptions: 3, attempts: 0 })
      for (const id of others) expect((await scene.job(id)).state).to.equal('completed')
    })

    it('of the supervisor: its workers finish their jobs, settle them once and exit (F2, R2)', async () => {
      const id = await scene.add(`echo begun >> ledger; ${UNTIL_GO}; echo end >> ledger`)
      const { child } = await scene.start('--count', '2')
      await scene.begun()
      const workers = await scene.workers()
      child.kill('SIGKILL')
      await waitFor(() => !lives(child.pid), { within: 2_000, what: 'the supervisor is dead' })
      scene.go()
      await scene.until(id, { state: 'completed' }, 4_000)
      await waitFor(() => !workers.some(isAlive), { within: 3_000, what: 'the workers have exited' })
      expect(scene.lines('ledger')).to.deep.equal(['begun', 'end'])
      expect(await scene.runs(id)).to.have.length(1)
    })

    it('of all processes at once: the next supervisor offers the job again within 3 s, and no old process lives (F2, F3, F11, R1, R4) @full', async () => {
      const id = await scene.add(FAMILY, { max_interruptions: 100 })
      let { child } = await scene.start('--count', '2')
      let deaths = 0
      const die = async () => {
        await scene.holder(id)
        const before = await family()
        killTogether([child.pid, ...(await scene.workers()).map(({ identity }) => identity.pid)])
        await waitFor(() => !lives(child.pid), { within: 2_000, what: 'the supervisor is dead' })
        expect(before.every(lives)).to.equal(true)
        deaths++
        child = (await scene.start('--count', '2')).child
        const ready_at = monotonic()
        await scene.until(id, { runs: deaths + 1 }, 10_000)
        const ms = monotonic() - ready_at
        expect(before.filter(lives)).to.deep.equal([])
        expect(await scene.job(id)).to.include({ attempts: 0, interruptions: deaths, worker_deaths: 0 })
        return ms
      }
      await keepsTo(3_000, die)
    })

    it('between a run’s end and its settle: the result on disk is applied, and the job does not run again (F5, R5)', async function () {
      // A lock delays the settle; only this store has one.
      if (!embedded) return skip(this, 'only SQLite has a lock that a test can hold')
      const id = await scene.add(`${UNTIL_GO}; echo ran >> ledger`)
      const { child } = await scene.start()
      const { identity } = await scene.holder(id)
      const { run_token } = await scene.job(id)
      const lock = await scene.lock()
      scene.go()
      const journal = openRunJournal(scene.store.info.folder)
      await waitFor(() => journal.readDone(run_token ?? ''), {
        within: 5_000,
        what: 'the run has ended and its result is in the journal',
      })
      killTogether([child.pid, identity.pid])
      await waitFor(() => !lives(identity.pid) && !lives(child.pid), { within: 2_000, what: 'both are dead' })
      await lock.release()
      await scene.start()
      await scene.until(id, { state: 'completed' }, 3_000)
      expect(scene.lines('ledger')).to.deep.equal(['ran'])
      expect((await scene.runs(id)).map(({ outcome }) => outcome)).to.deep.equal(['completed'])
    })

    it('of a job’s shell: the run fails by that signal, and its children are gone (R3)', async () => {
      const id = await scene.add('sleep 600 & setsid sleep 601 & kill -9 $$')
      await scene.start()
      expect(await scene.until(id, { state: 'dead' }, 5_000)).to.include({ signal: 'SIGKILL', attempts: 1 })
      expect(scene.carriers()).to.deep.equal([])
    })

    it('of one of two supervisors on a store: the other one takes over, and every job has one result', async () => {
      const slow = await scene.add('sleep 600', { priority: 1 })
      const first = await scene.start()
      await scene.until(slow, { state: 'processing' }, 5_000)
      const jobs = await Promise.all(Array.from({ length: 20 }, () => scene.add('sleep 0.05')))
      await scene.start('--count', '2')
      for (const id of jobs) await scene.until(id, { state: 'completed' }, 10_000)
      const workers = await scene.workers()
      first.child.kill('SIGKILL')
      const { processing_by } = await scene.job(slow)
      killQuietly(workers.find(({ id }) => id === processing_by)?.identity.pid ?? 0)
      await scene.until(slow, { runs: 2 }, 3_000)
      for (const id of jobs) expect((await scene.runs(id)).map(({ outcome }) => outcome)).to.deep.equal(['completed'])
    })
  })
}
