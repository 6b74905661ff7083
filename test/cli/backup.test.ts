import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../src/store/open.ts'
import { auditStore } from '../../src/views/audit-view.ts'
import { put } from '../contract/kit.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { collect, freshQueue, queuectl } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { smallDisk } from '../helpers/small-disk.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Reads a backup like any queue. */
async function inspect(file: string) {
  const store = await openStore({ address: file, role: 'command', is_alive: () => false })
  const { ok, totals, faults } = await auditStore(store)
  await store.close()
  const jobs = Object.values(totals.jobs).reduce((sum, n) => sum + n, 0)
  return { ok, faults, jobs, starts: totals.starts }
}

describe('queuectl backup @posix', () => {
  it('copies the queue as it is at one moment, while workers run', async () => {
    const queue = freshQueue()
    const lines = Array.from({ length: 400 }, () => '{"command": "true"}').join('\n')
    await queue.run(['enqueue', '-'], { input: lines })
    const workers = await queue.workers('--count', '2')
    await waitFor(async () => (await queue.json('status')).jobs.completed > 0, { within: 10_000, what: 'jobs run' })
    const starts: number[] = []
    for (const name of ['1.db', '2.db', '3.db']) {
      const file = path.join(queue.home, name)
      const made = await queue.json('backup', file)
      expect(made).to.include({ file, jobs: 400, bytes: statSync(file).size })
      const found = await inspect(file)
      expect(found).to.deep.include({ faults: [], ok: true, jobs: 400 })
      starts.push(found.starts)
    }
    await workers.stop()
    expect(starts).to.deep.equal([...starts].sort((a, b) => a - b))
    expect(starts[2]).to.be.above(0)
  })

  it('is one file that only its owner can access, whatever the umask', async function () {
    if (process.getuid === undefined) skip(this, 'no file modes on Windows')
    const { home, ok, db } = freshQueue()
    await ok('enqueue', '--', 'true')
    const folder = tempFolder()
    const umask = process.umask(0)
    const stdout = await ok('backup', path.join(folder, 'b.db')).finally(() => process.umask(umask))
    expect(stdout).to.match(/b\.db holds 1 job \(.*, checked\)\n$/)
    expect(readdirSync(folder)).to.deep.equal(['b.db'])
    expect(statSync(path.join(folder, 'b.db')).mode & 0o777).to.equal(0o600)
    expect(readdirSync(home).filter((name) => name.startsWith(path.basename(db)))).to.deep.equal(['queue.db'])
  })

  it('is never mixed with older files of its name: a leftover log is removed, or refused', async () => {
    const { home, run, ok } = freshQueue()
    await ok('enqueue', '--', 'true')
    const file = path.join(home, 'b.db')
    const left = path.join(home, 'left')
    // What a process leaves behind that dies while a queue is open.
    const other = await openStore({ address: file, role: 'worker', is_alive: () => false })
    await put(other, ['a', 'b'])
    for (const end of ['', '-wal']) copyFileSync(file + end, left + end)
    expect(await run(['backup', '--force', file]), 'it is open').to.include({ code: 75 })
    await other.close()

    for (const end of ['', '-wal']) copyFileSync(left + end, file + end)
    await ok('backup', '--force', file)
    expect(await inspect(file)).to.include({ ok: true, jobs: 1 })

    rmSync(file)
    copyFileSync(`${left}-wal`, `${file}-wal`)
    const refused = await run(['backup', file])
    expect(refused.code).to.equal(2)
    expect(refused.stderr).to.contain(`${file}-wal is the log of another database`)
    expect(existsSync(file)).to.equal(false)
  })

  it('overwrites nothing without --force, and never the queue', async () => {
    const { home, db, run, ok, json } = freshQueue()
    await ok('enqueue', '--', 'true')
    const file = path.join(home, 'b.db')
    writeFileSync(file, 'dear diary')
    const before = readdirSync(home).sort()
    expect(await run(['backup', file])).to.include({ code: 2 })
    expect((await run(['backup', file])).stderr).to.match(/b\.db already exists\n {2}.*--force/)
    expect((await run(['backup', db, '--force'])).stderr).to.contain('is the queue itself')
    expect((await run(['backup', home, '--force'])).stderr).to.contain('is not a plain file')
    expect(readFileSync(file, 'utf8')).to.equal('dear diary')
    expect(readdirSync(home).sort()).to.deep.equal(before)
    expect(await json('backup', '--force', file)).to.include({ jobs: 1 })
    expect(await inspect(file)).to.include({ jobs: 1, ok: true })
  })

  it('leaves nothing behind when it fails', async () => {
    const { home, db, run, ok } = freshQueue()
    const nothing = await run(['backup', path.join(home, 'b.db')])
    expect(nothing).to.include({ code: 3 })
    expect(nothing.stderr).to.contain(`no queue at ${db}`)
    expect(readdirSync(home)).to.deep.equal([])
    await ok('enqueue', '--', 'true')
    const bytes = readFileSync(db)
    // Index and table pages: the file opens, and only the check finds the damage.
    bytes.fill(0x55, 2048 * 4, 2048 * 9)
    writeFileSync(db, bytes)
    const damaged = await run(['backup', path.join(home, 'b.db')])
    expect(damaged).to.include({ code: 78 })
    expect(damaged.stderr).to.contain(`${db} is damaged`)
    expect(readdirSync(home).filter((name) => name.startsWith('b.db'))).to.deep.equal([])
    expect(await run(['backup', path.join(home, 'no', 'folder', 'b.db')])).to.include({ code: 78 })
  })

  it('reports how much space it needs when there is too little, and leaves nothing when the disk fills up', async function () {
    for (const [size, message] of [
      [16 * 1024, /not enough space in .*: .*KiB needed, .* free\n {2}free some space/],
      [64 * 1024, /b\.db\S* failed.*\n {2}check the disk/],
    ] as const) {
      const disk = smallDisk(size)
      if (disk === null) skip(this, 'mounting a file system needs root')
      try {
        const { run, ok } = freshQueue()
        await ok('enqueue', '--', 'true')
        const { code, stderr } = await run(['backup', path.join(disk.folder, 'b.db')])
        expect(code).to.equal(74)
        expect(stderr).to.match(message)
        expect(readdirSync(disk.folder)).to.deep.equal([])
      } finally {
        disk.remove()
      }
    }
  })

  it('leaves nothing behind when it is interrupted @slow', async function () {
    if (process.platform === 'win32') skip(this, 'not for Windows')
    const { home, run, start } = freshQueue()
    const lines = Array.from({ length: 20_000 }, () => `{"command": "true # ${'x'.repeat(200)}"}`).join('\n')
    await run(['enqueue', '-'], { input: lines })
    const child = start(['backup', path.join(home, 'b.db')])
    const ended = collect(child)
    // It may finish before this test sees its temporary file.
    await waitFor(() => child.exitCode !== null || readdirSync(home).some((name) => name.startsWith('b.db.')), {
      within: 20_000,
      what: 'it began',
    })
    child.kill('SIGINT')
    const { code, stdout } = await ended
    const left = readdirSync(home).filter((name) => name.startsWith('b.db'))
    // Interrupted at work it exits with 130. After its last step the backup is complete, whatever the exit code.
    expect(left, `exit code ${code}, ${stdout}`).to.deep.equal(left.length === 0 && code === 130 ? [] : ['b.db'])
    if (left.length > 0) expect(await inspect(path.join(home, 'b.db'))).to.include({ ok: true, jobs: 20_000 })
  })

  describe('on MongoDB', () => {
    before(needsMongo)

    it('names the tool of MongoDB to use, without the password', async () => {
      const { host } = await mongoServer()
      const db = `mongodb://me:s3cret@${host}/queue`
      for (const [command, tool] of [
        ['backup', 'mongodump'],
        ['restore', 'mongorestore'],
      ] as const) {
        const { code, stderr } = await queuectl([command, 'b.archive', '--db', db])
        expect(code).to.equal(78)
        expect(stderr)
          .to.match(/MongoDB’s own tools\n/)
          .and.contain(`${tool} --uri="mongodb://me@${host}/queue"`)
        expect(stderr).to.not.contain('s3cret')
      }
    })
  })
})
