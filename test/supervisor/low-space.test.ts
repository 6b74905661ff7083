import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { freeSpace } from '../../src/platform/space.ts'
import type { Host } from '../helpers/host.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { skip } from '../helpers/skip.ts'
import { smallDisk } from '../helpers/small-disk.ts'
import { inScene, Scene } from '../helpers/supervised.ts'
import { tempFolder } from '../helpers/temp.ts'
import { pass, waitFor } from '../helpers/wait-for.ts'

const MIB = 1024 ** 2

/** Stores with files on a disk of 8 MiB: the database and its logs, or the logs alone. */
const STORES = [
  {
    name: 'SQLite',
    prepare() {},
    open: async (disk: string) => {
      const scene = await Scene.open({ address: path.join(disk, 'queue.db') })
      return { scene, host: scene as Pick<Host, 'start' | 'run'> }
    },
  },
  {
    name: 'MongoDB @slow',
    prepare: needsMongo,
    open: async (disk: string) => {
      const scene = await Scene.open({ address: (await mongoServer()).url() })
      return { scene, host: scene.host('small', { env: { QUEUECTL_HOME: disk } }) }
    },
  },
]

for (const { name, prepare, open } of STORES) {
  describe(`a disk with too little space: ${name} @posix`, function () {
    this.timeout(90_000)
    let disk: NonNullable<ReturnType<typeof smallDisk>>
    let scene: Scene
    let host: Pick<Host, 'start' | 'run'>
    before(prepare)
    beforeEach(async function () {
      const mounted = smallDisk(8 * MIB)
      // Requires the right to mount a file system of a few megabytes.
      if (mounted === null) return skip(this, 'mounting a file system needs root')
      disk = mounted
      const opened = await open(disk.folder)
      scene = opened.scene
      host = opened.host
      await scene.store.setConfig({ key: 'min_free', value: 4 * MIB })
    })
    afterEach(async () => {
      await scene?.finish()
      disk?.remove()
    })

    it('starts no jobs, reports it, and goes on by itself when there is space again', async () => {
      const ballast = path.join(disk.folder, 'ballast')
      const running = await scene.add('while [ ! -e go ]; do sleep 0.05; done')
      const { said } = await host.start('--concurrency', '2')
      await scene.until(running, { state: 'processing' }, 5_000)
      writeFileSync(ballast, Buffer.alloc(5 * MIB))
      const beat = scene.store.info.shared ? 6_000 : 3_000
      await waitFor(() => /starting no jobs for now: .* free at .*less than min_free \(4\.0 MiB\)/.test(said()), {
        within: beat,
        what: 'the supervisor reports it',
      })
      // Workers check for themselves, once a second.
      await pass(1_500)
      const waiting = await scene.add('true')
      // The running job completes as usual, and its worker claims no other one.
      writeFileSync(path.join(scene.home, 'go'), '')
      await scene.until(running, { state: 'completed' }, 3_000)
      const spaces = async () => JSON.parse((await host.run('status', '--json')).stdout).low_space
      // It is reported first, and recorded after that.
      const recorded = async () => {
        const found = await spaces()
        return found.length > 0 && found
      }
      const low_space = await waitFor(recorded, { within: 2_000, what: 'the shortage is recorded' })
      expect(low_space).to.have.length(1)
      expect(low_space[0]).to.include({ min_free: 4 * MIB })
      expect(low_space[0].free).to.be.below(4 * MIB)
      expect((await host.run('status')).stdout).to.match(/Disk\s+no job starts on \S+: .* free at/)
      const wait = await host.run('wait', waiting, '--timeout', '100ms')
      expect(wait.stderr).to.contain('no job starts because disk space is low')
      expect(await scene.job(waiting)).to.include({ state: 'pending', runs: 0 })
      rmSync(ballast)
      // The disk is checked once a second, and the store polled once a second.
      await scene.until(waiting, { state: 'completed' }, 4_000)
      await waitFor(() => said().includes('enough disk space again'), {
        within: beat,
        what: 'the supervisor reports it',
      })
      await waitFor(async () => (await spaces()).length === 0, { within: 2_000, what: 'the end is recorded' })
    })
  })
}

describe('the limit of free space @posix', function () {
  this.timeout(60_000)

  it('applies to all workers of a host, and 0 disables it', async function () {
    // The limit cannot be higher.
    if (Number(freeSpace(tempFolder())) >= 1024 ** 4) skip(this, 'more than 1 TiB is free')
    await inScene({}, async (scene) => {
      await scene.store.setConfig({ key: 'min_free', value: 1024 ** 4 })
      await scene.start()
      const id = await scene.add('true')
      const { stdout } = await scene.run('worker', 'list', '--json')
      expect(JSON.parse(stdout)[0].low_space).to.include({ min_free: 1024 ** 4 })
      await scene.run('worker', 'stop')
      expect(await scene.job(id)).to.include({ state: 'pending', runs: 0 })
      expect((await scene.run('config', 'set', 'min-free', '0')).stdout).to.equal('min_free 0\n')
      await scene.start()
      await scene.until(id, { state: 'completed' }, 3_000)
    })
  })
})
