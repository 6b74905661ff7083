import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { MARK } from '../helpers/host.ts'
import { collect, startQueuectl } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { isAlive, Scene, UNTIL_GO } from '../helpers/supervised.ts'
import { keepsTo, pass, waitFor } from '../helpers/wait-for.ts'

const TERMINAL = ['python3', fileURLToPath(new URL('../fixtures/terminal.py', import.meta.url))]
const CTRL_C = '\x03'
const DEAF = `trap '' TERM INT HUP; echo begun >> ledger; while :; do sleep 0.1; done`

describe('worker start in a terminal @posix', function () {
  this.timeout(180_000)
  let scene: Scene

  before(function () {
    // Requires a system with pseudo-terminals, and Python to open one.
    if (spawnSync('python3', ['-c', 'import pty']).status !== 0) skip(this, 'no Python 3 with pty')
  })
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  /** Opens a terminal with `worker start`, its workers ready and `command` running. */
  async function open(command: string) {
    const env = { QUEUECTL_HOME: scene.home, QUEUECTL_DB: scene.address, [MARK]: scene.home }
    const child = startQueuectl(['worker', 'start', '--count', '2'], { env, cwd: scene.home, through: TERMINAL })
    let said = ''
    child.stdout?.on('data', (chunk) => {
      said += chunk
    })
    const ended = collect(child)
    const before = scene.lines('ledger').length
    const id = await scene.add(command)
    await scene.begun('ledger', before + 1)
    const shows = (text: RegExp) => waitFor(() => text.test(said), { within: 10_000, what: String(text) })
    await shows(/^\d\d:\d\d:\d\d {2}2 workers ready; stop with/m)
    // The supervisor counts the jobs whose start was reported to it.
    await shows(new RegExp(`${id}  started`))
    const rows = await scene.rows()
    const press = async (text: RegExp) => {
      child.stdin?.write(CTRL_C)
      await shows(text)
      // After this pause the next press counts.
      await pass(510)
    }
    const code = async () => {
      const { code } = await ended
      expect(rows.filter(isAlive)).to.deep.equal([])
      return code
    }
    return { id, press, code, close: () => child.stdin?.end() }
  }

  it('lets jobs finish after one Ctrl-C, which does not reach them: exit 130 (F14, R8)', async () => {
    const { id, press, code } = await open(`echo begun >> ledger; ${UNTIL_GO}; echo end >> ledger`)
    await press(/stopping \(Ctrl-C\): 1 job running/)
    scene.go()
    expect(await code()).to.equal(130)
    expect(await scene.job(id)).to.include({ state: 'completed', runs: 1 })
    expect(scene.lines('ledger')).to.deep.equal(['begun', 'end'])
  })

  it('ends jobs after two, as interruptions: exit 1 (F14, R6, R8)', async () => {
    const { id, press, code } = await open('echo begun >> ledger; exec sleep 600')
    await press(/stopping/)
    await press(/stopping running jobs now \(SIGTERM\)/)
    expect(await code()).to.equal(1)
    expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0, interruptions: 1, worker_deaths: 0 })
  })

  it('kills jobs that ignore SIGTERM after three: exit 1 (F14, R8) @full', async () => {
    const kill = async () => {
      const { id, press, code } = await open(DEAF)
      await press(/stopping/)
      await press(/SIGTERM/)
      const began = monotonic()
      await press(/SIGKILL/)
      expect(await code()).to.equal(1)
      const ms = monotonic() - began
      expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0, interruptions: 1 })
      await scene.store.cancel({ ids: [id] })
      return ms
    }
    // Without the third press the end would come 5 s after the second.
    await keepsTo(4_000, kill)
  })

  it('stops when the terminal closes, and lets jobs finish: exit 0 (F14, R8)', async () => {
    const { id, close, code } = await open(`echo begun >> ledger; ${UNTIL_GO}; echo end >> ledger`)
    close()
    await waitFor(async () => (await scene.supervisors())[0]?.state === 'stopping', {
      within: 3_000,
      what: 'the supervisor is stopping',
    })
    scene.go()
    expect(await code()).to.equal(0)
    expect(await scene.job(id)).to.include({ state: 'completed', runs: 1 })
    expect(scene.lines('ledger')).to.deep.equal(['begun', 'end'])
  })
})
