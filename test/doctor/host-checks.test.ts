import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import mongoose from 'mongoose'
import { newToken } from '../../src/domain/ids.ts'
import { freeSpace } from '../../src/platform/space.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { bad, levels, patient, type Report } from '../helpers/patient.ts'
import { freshQueue } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'

describe('queuectl doctor, around the store @posix', () => {
  it('restricts files to their owner, and follows no link', async function () {
    if (process.getuid === undefined) skip(this, 'no file modes on Windows')
    const { doctor, db, home } = await patient()
    const logs = path.join(`${db}.d`, 'logs')
    const [shelf = ''] = readdirSync(logs)
    const [log = ''] = readdirSync(path.join(logs, shelf))
    const target = path.join(home, 'target')
    writeFileSync(target, '')
    chmodSync(target, 0o666)
    chmodSync(path.join(logs, shelf, log), 0o644)
    const readable = await doctor()
    expect(levels(readable)).to.deep.equal(['files warning'])
    chmodSync(db, 0o666)
    chmodSync(logs, 0o777)
    symlinkSync(target, path.join(logs, shelf, 'planted'))
    const report = await doctor()
    expect(levels(report)).to.deep.equal(['files problem', 'files problem'])
    expect(bad(report)[0]?.message).to.match(/not created by queuectl.*planted/)
    expect(bad(report)[1]?.message).to.match(/writable by other users.*queue\.db \(666\)/)
    const fixed = await doctor('--fix')
    expect(levels(fixed)).to.deep.equal(['files problem'])
    const modes = [db, logs, path.join(logs, shelf, log), target].map((at) => (statSync(at).mode & 0o777).toString(8))
    expect(modes).to.deep.equal(['600', '700', '600', '666'])
    chmodSync(home, 0o777)
    expect(
      bad(await doctor())
        .map(({ message }) => message)
        .join(),
    ).to.contain(`can replace files in ${home}`)
  })

  it('does not change files that are no queue: a folder, an empty file, a file of another program', async function () {
    if (process.getuid === undefined) skip(this, 'no file modes on Windows')
    const { home, run } = freshQueue()
    const folder = path.join(home, 'folder')
    mkdirSync(folder, { recursive: true })
    const [empty, text] = [path.join(folder, 'empty'), path.join(folder, 'text')]
    writeFileSync(empty, '')
    writeFileSync(text, 'dear diary')
    const strangers = [folder, empty, text]
    for (const at of strangers) chmodSync(at, 0o755)
    for (const at of strangers) {
      const { stdout } = await run(['doctor', '--fix', '--json', '--db', at])
      expect(JSON.parse(stdout).mended, at).to.deep.equal([])
    }
    expect(strangers.map((at) => (statSync(at).mode & 0o777).toString(8))).to.deep.equal(['755', '755', '755'])
  })

  it('removes leftover files of finished runs, and nothing else', async () => {
    const { doctor, db, home, ok } = await patient()
    const logs = path.join(`${db}.d`, 'logs')
    const [shelf = ''] = readdirSync(logs)
    const run = path.join(`${db}.d`, 'run')
    const old = (at: string) => {
      writeFileSync(at, '')
      chmodSync(at, 0o600)
      utimesSync(at, 1, 1)
      return at
    }
    const left = [
      old(path.join(run, newToken())),
      old(path.join(run, `${newToken()}.spare`)),
      old(path.join(logs, shelf, `${newToken()}.log`)),
      old(path.join(home, 'queue.db.0123abcd.tmp')),
    ]
    const kept = [
      old(path.join(run, 'notes.txt')),
      old(path.join(logs, shelf, 'mine.log')),
      old(path.join(home, 'queue.db.tmp')),
    ]
    const young = path.join(run, newToken())
    writeFileSync(young, '', { mode: 0o600 })
    const report = await doctor()
    expect(bad(report)).to.have.length(1)
    expect(bad(report)[0]).to.include({ check: 'leftovers', level: 'warning' })
    expect(bad(report)[0]?.message).to.match(/^4 leftover files/)
    const { mended, findings } = await doctor('--fix')
    expect(mended).to.deep.equal([{ check: 'leftovers', message: 'removed 4 leftover files' }])
    expect(findings.filter(({ level }) => level !== 'ok')).to.deep.equal([])
    expect(left.filter(existsSync)).to.deep.equal([])
    expect([...kept, young].every(existsSync)).to.equal(true)
    expect(await ok('logs', 'a')).to.contain('hi')
  })

  it('reports invalid settings, a clock that was set back, and faults in the run history', async () => {
    const { doctor, sql } = await patient()
    sql(`INSERT INTO config VALUES ('grace', '"soon"'), ('colour', '1');
      UPDATE jobs SET created_at = created_at + 86400000, attempts = 4`)
    const report = await doctor('--fix')
    expect(levels(report)).to.have.members(['clock warning', 'settings warning', 'settings warning', 'books problem'])
    const messages = bad(report).map(({ message }) => message)
    expect(messages.join('\n'))
      .to.match(/the clock was set back/)
      .and.match(/grace cannot be "soon"/)
    expect(messages.join('\n'))
      .to.match(/unknown setting "colour"/)
      .and.match(/a attempts is 4, but its runs add up to 0/)
    expect(report.code).to.equal(1)
  })

  it('reports that no job starts because disk space is low', async function () {
    const { doctor, home, ok } = await patient()
    // This is the highest limit.
    if (Number(freeSpace(home)) >= 1024 ** 4) skip(this, 'more than 1 TiB is free')
    await ok('config', 'set', 'min_free', '1024GiB')
    const report = await doctor()
    expect(levels(report)).to.deep.equal(['space problem'])
    expect(bad(report)[0]?.message).to.match(/free at .*, less than min_free .*: no job starts/)
  })

  describe('on MongoDB', () => {
    before(needsMongo)

    it('finds no problem, and finds leftover files', async () => {
      const address = (await mongoServer()).url()
      const { home, run } = freshQueue()
      const doctor = async (...args: string[]): Promise<Report> =>
        JSON.parse((await run(['doctor', '--json', '--db', address, ...args])).stdout)
      await run(['enqueue', '--db', address, '--', 'echo hi'])
      await run(['worker', 'start', '--drain', '--timeout', '30s', '--db', address])
      const well = await doctor()
      // The server of the tests may have no replicas.
      expect(bad(well).filter(({ check, level }) => check !== 'replication' || level === 'problem')).to.deep.equal([])
      expect(well.findings.map(({ check }) => check)).to.include.members([
        'network',
        'replication',
        'validator',
        'space',
      ])
      const [folder = ''] = readdirSync(home).filter((name) => existsSync(path.join(home, name, 'logs')))
      const log = path.join(home, folder, 'run', newToken())
      writeFileSync(log, '', { mode: 0o600 })
      utimesSync(log, 1, 1)
      expect(levels(await doctor()).filter((level) => level !== 'replication warning')).to.deep.equal([
        'leftovers warning',
      ])
      expect((await doctor('--fix')).mended).to.have.length(1)
      expect(existsSync(log)).to.equal(false)
      const raw = await mongoose.createConnection(address).asPromise()
      await raw.dropDatabase()
      await raw.close()
    })

    it('reports that the server cannot be reached', async () => {
      const { code, stdout } = await freshQueue().run(['doctor', '--db', 'mongodb://me:s3cret@127.0.0.1:1/queue'])
      expect(code).to.equal(1)
      expect(stdout)
        .to.match(/problem {2}store .*127\.0\.0\.1:1 cannot be reached/)
        .and.not.contain('s3cret')
    })
  })
})
