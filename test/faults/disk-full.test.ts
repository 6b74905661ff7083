import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { integrity } from '../helpers/integrity.ts'
import { skip } from '../helpers/skip.ts'
import { Scene } from '../helpers/supervised.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Ends at `go`, and writes to a disk that may be full. */
const WAITER = 'while [ ! -e go ]; do sleep 0.05; done; echo spoken 2>/dev/null; echo ran >> ledger'

describe('a disk that is full (F18) @posix', function () {
  this.timeout(120_000)
  let disk: string
  let scene: Scene

  beforeEach(async function () {
    disk = path.join(tempFolder(), 'small')
    mkdirSync(disk)
    // Requires the right to mount a file system of a few megabytes.
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=700', 'queuectl-test', disk])
    if (status !== 0) return skip(this, 'mounting a file system needs root')
    scene = await Scene.open({ address: path.join(disk, 'queue.db') })
    // Otherwise no job would start on such a small disk.
    await scene.store.setConfig({ key: 'min_free', value: 0 })
  })
  afterEach(async () => {
    await scene?.finish()
    spawnSync('umount', [disk])
  })

  it('makes an enqueue fail with exit 74, and nothing is stored', async () => {
    await scene.add('true')
    const room = fill(disk)
    const { code, stdout, stderr } = await scene.run('enqueue', '--', `: ${'x'.repeat(60_000)}`)
    expect([code, stdout]).to.deep.equal([74, ''])
    expect(stderr).to.match(/disk (is|I\/O error[\s\S]*is the disk) full/)
    room()
    expect(await scene.store.list({ sort: 'oldest', limit: 9 })).to.have.length(1)
    expect((await scene.run('enqueue', '--', 'true')).code).to.equal(0)
  })

  it('makes an enqueue fail with exit 74 where a new queue has no space, and nothing blocks a later one', async () => {
    const room = fill(disk)
    const db = path.join(disk, 'other', 'queue.db')
    expect((await scene.run('enqueue', '--db', db, '--', 'true')).code).to.equal(74)
    room()
    expect((await scene.run('enqueue', '--db', db, '--', 'true')).code).to.equal(0)
  })

  it('delays results and loses none; work goes on when there is space again, and the database is intact', async () => {
    const id = await scene.add(WAITER)
    const { said } = await scene.start('--count', '2')
    await scene.holder(id)
    const room = fill(disk)
    writeFileSync(path.join(scene.home, 'go'), '')
    await waitFor(() => scene.lines('ledger').length === 1, { within: 5_000, what: 'the command has ended' })
    await waitFor(() => /trouble: .*(full|failed)/.test(said()), { within: 6_000, what: 'the supervisor reports it' })
    room()
    const job = await scene.until(id, { state: 'completed' }, 8_000)
    expect(job).to.include({ runs: 1, attempts: 0, interruptions: 0 })
    const next = await scene.add('echo next >> ledger')
    await scene.until(next, { state: 'completed' }, 5_000)
    expect(scene.lines('ledger')).to.deep.equal(['ran', 'next'])
    expect(integrity(scene.address)).to.equal('ok')
  })

  it('because of a job’s output: the job fails or goes on as it decides, and the worker lives', async () => {
    const id = await scene.add(
      `head -c 5000000 /dev/zero || echo failed >> ledger; rm -f ${disk}/queue.db.d/logs/*/*.log`,
    )
    await scene.start()
    const pids = async () => (await scene.workers()).map(({ identity }) => identity.pid)
    const before = await pids()
    await scene.until(id, { state: 'completed' }, 8_000)
    expect(scene.lines('ledger')).to.deep.equal(['failed'])
    expect(before).to.have.length(1)
    expect(await pids()).to.deep.equal(before)
  })
})

/** Fills the disk of `folder` to the last byte. Returns a function that frees the space again. */
function fill(folder: string): () => void {
  const file = path.join(folder, 'ballast')
  const fd = openSync(file, 'w')
  try {
    for (const size of [65_536, 4_096, 1]) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(size))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  } finally {
    closeSync(fd)
  }
  return () => rmSync(file)
}
