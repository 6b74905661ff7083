import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { KillPoint } from '../../src/platform/kill-point.ts'
import { killQuietly } from '../helpers/processes.ts'
import { STORES } from '../helpers/stores.ts'
import type { Scene } from '../helpers/supervised.ts'
import { tempFolder } from '../helpers/temp.ts'
import { pass, waitFor } from '../helpers/wait-for.ts'

/** Where the store has a part in what follows; the rest is seen on one of them. */
const STORES_PART: readonly KillPoint[] = ['claimed', 'noted', 'settled', 'fenced']

for (const { name, embedded, prepare, openScene } of STORES) {
  // On the stand-in for MongoDB each takes several seconds; crash.test.ts has other deaths there.
  describe(`a death by SIGKILL, on ${name} @posix${embedded ? '' : ' @slow'}`, function () {
    this.timeout(120_000)
    let scene: Scene
    let points: string
    before(prepare)
    beforeEach(async () => {
      points = tempFolder()
      scene = await openScene({ env: { QUEUECTL_KILL_POINTS: points } })
    })
    afterEach(() => scene.finish())

    /** Asks for a death; what is returned waits for it. */
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

    itOnSqlite('after enqueue’s commit, before its answer: said again, it is no second job (F6, R10)', async () => {
      const dead = arm('inserted')
      const enqueue = () => scene.run('enqueue', '{"id":"once","command":"echo ran >> ledger"}')
      expect((await enqueue()).code).to.equal(137)
      await dead()
      const { code, stderr } = await enqueue()
      expect(code).to.equal(0)
      expect(stderr).to.match(/was there already/)
      await scene.start()
      await scene.until('once', { state: 'completed' }, 5_000)
      expect(scene.lines('ledger')).to.deep.equal(['ran'])
    })

    for (const [point, what, lines, ended] of [
      [
        'claimed',
        'between a claim and the start: the command had not run, and runs (F4)',
        1,
        ['interrupted: worker died'],
      ],
      [
        'started',
        'between the start and its journal entry: what started is ended, and runs anew (F4)',
        2,
        ['interrupted: worker died'],
      ],
      [
        'ended',
        'between the end and its journal entry: nobody knows, so that it runs again (F5)',
        2,
        ['interrupted: worker died'],
      ],
      ['noted', 'between the journal entry of the end and the settle: it does not run again (F5, R5)', 1, []],
      ['settled', 'after the settle’s commit, before its answer: it does not run again (F6)', 1, []],
    ] as const) {
      on(point)(what, async () => {
        const dead = arm(point)
        // One write; then slow enough to be found at it, where it is found before its end.
        const id = await scene.add('echo ran >> ledger; sleep 0.3')
        await scene.start()
        await dead()
        await scene.until(id, { state: 'completed' }, 5_000)
        expect(await outcomes(id)).to.deep.equal([...ended, 'completed: completed'])
        // A command that was killed as it began may not have come to its first word.
        expect(scene.lines('ledger').length).to.be.within(point === 'started' ? 1 : lines, lines)
      })
    }

    for (const [point, what, ended] of [
      [
        'fenced',
        'of a supervisor that has taken a job from its dead owner: the next one gives it back (R1)',
        'supervisor',
      ],
      ['recovered', 'of a supervisor that has just released a job: it is released once', 'worker'],
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
      'of a supervisor that has taken a job of which there is no journal entry: the next one knows whose it was (R1, R4)',
      async () => {
        const dead = [arm('claimed'), arm('fenced')]
        const id = await scene.add('true')
        // It may die before it has said that its worker, which is dead by then, was ready.
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
      'of a supervisor on a busy store: it takes no job before it is on record itself, so that the next one knows whom it takes it from (R1)',
      async () => {
        // What holds it up is a lock, which only this store has.
        const id = await scene.add('[ "$QUEUECTL_RUN" = 1 ] && exec sleep 600; true')
        const { child } = await scene.start()
        const { identity } = await scene.holder(id)
        child.kill('SIGKILL')
        killQuietly(identity.pid)
        // Whoever waits for the lock gets it in no order: three times, to see it take the job first if it can.
        for (let round = 0; round < 3; round++) {
          const lock = await scene.lock()
          const dead = arm('fenced')
          const { said } = scene.launch()
          await waitFor(() => said() !== '', { within: 10_000, what: 'the supervisor begins' })
          // The time for its first reap.
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
