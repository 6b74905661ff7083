import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { killQuietly } from '../helpers/processes.ts'
import { collect } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { ROOT } from '../helpers/sources.ts'
import { Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

const UNSHARE = ['--pid', '--fork', '--mount-proc', '--kill-child']

describe('a second pid namespace on a file (R11) @posix', function () {
  this.timeout(90_000)
  let scene: Scene

  before(function () {
    // Requires Linux and the right to create namespaces, as on the host of containers.
    if (spawnSync('unshare', [...UNSHARE, 'true']).status !== 0) skip(this, 'unshare needs root')
  })
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  const inside = () => {
    const words = [process.execPath, path.join(ROOT, 'src/main.ts'), 'worker', 'start']
    const child = spawn('unshare', [...UNSHARE, ...words], { env: { ...process.env, QUEUECTL_HOME: scene.home } })
    return { child, ended: collect(child) }
  }

  it('is refused while a supervisor of the first one runs: exit 78, with a hint to MongoDB', async () => {
    await scene.start()
    const { code, stderr } = await inside().ended
    expect(code).to.equal(78)
    expect(stderr).to.match(/another container .* is using .*queue\.db[\s\S]*MongoDB/)
    expect(await scene.supervisors()).to.have.length(1)
  })

  it('is refused in the other direction too, and accepted when the first supervisor has stopped', async () => {
    const { child, ended } = inside()
    try {
      await waitFor(async () => (await scene.supervisors())[0]?.state === 'running', {
        within: 10_000,
        what: 'the supervisor inside is ready',
      })
      expect((await scene.launch().ended).code).to.equal(78)
      process.kill(childOf(child.pid ?? 0), 'SIGTERM')
      expect((await ended).code).to.equal(0)
    } finally {
      killQuietly(child.pid ?? 0)
    }
    await scene.start()
  })
})

/** The one child of `pid` (proc_tid_children(5)). */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
}
