import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { KillPoint } from '../../src/platform/kill-point.ts'
import { killQuietly } from '../helpers/processes.ts'
import { STORES } from '../helpers/stores.ts'
import type { Scene } from '../helpers/supervised.ts'
import { tempFolder } from '../helpers/temp.ts'
import { pass, waitFor } from '../helpers/wait-for.ts'

/** Kill points at which the stores differ; the others are tested on one store only. */
const STORES_PART: readonly KillPoint[] = ['claimed', 'noted', 'settled', 'fenced']

for (const { name, embedded, prepare, openScene } of STORES) {
  // On the stand-in for MongoDB each case takes several seconds; crash.test.ts covers other deaths there.
  describe(`a death by SIGKILL, on ${name} @posix @slow`, function () {
    this.timeout(120_000)
    let scene: Scene
    let points: string
    before(prepare)
    beforeEach(async () => {
      points = tempFolder()
      scene = await openScene({ env: { QUEUECTL_KILL_POINTS: points } })
    })
    afterEach(() => scene.finish())

    /** Arms a kill point. Returns a function that waits for the death. */
    const arm = (point: KillPoint) => {
      const died = () => readdirSync(points).filter((name) => name.startsWith(`${point}.`)).length
      const before = died()
      writeFileSync(path.join(points, point), '')
      const dead = () => died() > before
      return () => waitFor(dead, { within: 10_000, what: `a death at "${point}"` })
    }

    const outcomes = async (id: string) => (await scene.runs(id)).map(({ outcome, cause }) => `${outcome}: ${cause}`)

    const itOnSqlite = embedded ? it : () => {}
    const on = (point: KillPoint) => (STORES_PART.includes(point) ? it : itOnSqlite)

    itOnSqlite(
      'after enqueue’s commit, before its answer: the same enqueue again adds no second job (F6, R10)',
      async () => {
        const dead = arm('inserted')
        const enqueue = () => scene.run('enqueue', '{"id":"once","command":"echo ran >> ledger"}')
        expect((await enqueue()).code).to.equal(137)
        await dead()
        const { code, stderr } = await enqueue()
        expect(code).to.equal(0)
        expect(stderr).to.match(/already exists/)
        await scene.start()
        await scene.until('once', { state: 'completed' }, 5_000)
        expect(scene.lines('ledger')).to.deep.equal(['ran'])
      },
    )

    for (const [point, what, lines, ended] of [
      [
        'claimed',
        'between a claim and the start: the command has not run, and runs once (F4)',
        1,
        ['interrupted: worker died'],
      ],
      [
        'started',
        'between the start and its journal entry: the run is ended, and the job runs again (F4)',
        2,
        ['interrupted: worker died'],
      ],
      [
        'ended',
        'between the end and its journal entry: the result is unknown, so the job runs again (F5)',
        2,
        ['interrupted: worker died'],
      ],
      ['noted', 'between the journal entry of the end and the settle: the job does not run again (F5, R5)', 1, []],
      ['settled', 'after the settle’s commit, before its answer: the job does not run again (F6)', 1, []],
    ] as const) {
      on(point)(what, async () => {
        const dead = arm(point)
        // One write, then a sleep: where the death comes before the end, recovery finds it still running.
        const id = await scene.add('echo ran >> ledger; sleep 0.3')
        await scene.start()
        await dead()
        await scene.until(id, { state: 'completed' }, 5_000)
        expect(await outcomes(id)).to.deep.equal([...ended, 'completed: completed'])
        // A command that was killed at its start may not have written anything.
        expect(scene.lines('ledger').length).to.be.within(point === 'started' ? 1 : lines, lines)
      })
    }

    for (const [point, what, ended] of [
      ['fenced', 'of a supervisor that has fenced a job of a dead owner: the next one recovers it (R1)', 'supervisor'],
      ['recovered', 'of a supervisor that has just recovered a job: it is recovered once', 'worker'],
    ] as const) {
      on(point)(what, async () => {
        const id = await scene.add('echo ran >> ledger; [ "$QUEUECTL_RUN" = 1 ] && exec sleep 600; true')
        await scene.start()
        const { identity, id: worker } = await scene.holder(id)
        await waitFor(() => scene.lines('ledger').length === 1, { within: 5_000, what: 'the command runs' })
        const dead = arm(point)
        killQuietly(identity.pid)
        await dead()
        await scene.start()
        await scene.until(id, { state: 'completed' }, 5_000)
        expect(await outcomes(id)).to.deep.equal([`interrupted: ${ended} died`, 'completed: completed'])
        expect((await scene.runs(id))[0]?.worker, 'who ran it').to.equal(worker)
        expect(scene.lines('ledger')).to.have.length(2)
      })
    }

    itOnSqlite(
      'of a supervisor that has fenced a job without a journal entry: the next one knows its worker (R1, R4)',
      async () => {
        const dead = [arm('claimed'), arm('fenced')]
        const id = await scene.add('true')
        // The supervisor may die before it reports its worker as ready.
        scene.launch()
        for (const died of dead) await died()
        const [, , worker] =
          readdirSync(points)
            .find((name) => name.startsWith('claimed.'))
            ?.split('.') ?? []
        await scene.start()
        await scene.until(id, { state: 'completed' }, 5_000)
        const [cut] = await scene.runs(id)
        expect(cut).to.include({ outcome: 'interrupted', worker })
      },
    )

    itOnSqlite(
      'of a supervisor on a busy store: it fences no job before it is registered, so that the next one finds the holder (R1)',
      async () => {
        // A lock delays it; only this store has one.
        const id = await scene.add('[ "$QUEUECTL_RUN" = 1 ] && exec sleep 600; true')
        const { child } = await scene.start()
        const { identity } = await scene.holder(id)
        child.kill('SIGKILL')
        killQuietly(identity.pid)
        // The order of waiters for the lock is random: three rounds, so that a wrong order shows.
        for (let round = 0; round < 3; round++) {
          const lock = await scene.lock()
          const dead = arm('fenced')
          const { said } = scene.launch()
          await waitFor(() => said() !== '', { within: 10_000, what: 'the supervisor starts' })
          // Time for its first reap.
          await pass(700)
          await lock.release()
          await dead()
          const { processing_by } = await scene.job(id)
          expect((await scene.rows()).map((row) => row.id)).to.include(processing_by)
        }
        await scene.start()
        await scene.until(id, { state: 'completed' }, 5_000)
      },
    )
  })
}
