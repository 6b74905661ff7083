import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import mongoose from 'mongoose'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { queuectl } from '../helpers/queuectl.ts'
import { tempFolder } from '../helpers/temp.ts'

/** Every command that reads or changes an existing queue. */
const COMMANDS: readonly string[][] = [
  ['status'],
  ['list'],
  ['show', 'a'],
  ['logs', 'a'],
  ['cancel', 'a'],
  ['requeue', 'a'],
  ['promote', 'a'],
  ['purge', '--state', 'dead', '--yes'],
  ['dlq', 'list'],
  ['dlq', 'show', 'a'],
  ['dlq', 'retry', '--all'],
  ['dlq', 'purge', '--yes'],
  ['config', 'list'],
  ['config', 'get', 'timeout'],
  ['config', 'unset', 'timeout'],
  ['worker', 'list'],
  ['worker', 'stop'],
  ['worker', 'scale', '2'],
  ['audit'],
  ['backup', 'copy.db'],
]

/** The commands that create a queue. */
const CREATORS: readonly string[][] = [
  ['enqueue', '--', 'true'],
  ['worker', 'start', '--drain'],
  ['init'],
  ['config', 'set', 'grace', '5'],
]

describe('if the queue does not exist @posix', () => {
  for (const args of COMMANDS) {
    it(`${args.join(' ')} reports that, exits 3 and creates nothing`, async () => {
      const home = tempFolder()
      const db = path.join(home, 'new', 'typo.db')
      const { code, stdout, stderr } = await queuectl([...args, '--db', db], { env: { QUEUECTL_HOME: home } })
      expect({ code, stdout }).to.deep.equal({ code: 3, stdout: '' })
      expect(stderr).to.match(/^queuectl: no queue at .*typo\.db yet\n {2}queuectl enqueue creates it/)
      expect(readdirSync(home)).to.deep.equal([])
    })
  }

  for (const args of CREATORS) {
    it(`${args.join(' ')} creates it`, async () => {
      const home = tempFolder()
      const db = path.join(home, 'new', 'queue.db')
      expect(await queuectl(['--db', db, ...args], { env: { QUEUECTL_HOME: home } })).to.include({ code: 0 })
      expect(existsSync(db)).to.equal(true)
    })
  }

  it('the data folder is not created either', async () => {
    const home = path.join(tempFolder(), 'data')
    const { code, stderr } = await queuectl(['status'], { cwd: path.dirname(home), env: { QUEUECTL_HOME: home } })
    expect(code).to.equal(3)
    expect(stderr).to.contain(`no queue at ${path.join(home, 'queue.db')} yet`)
    expect(existsSync(home)).to.equal(false)
  })

  it('wait exits 125, which is no exit code of a job', async () => {
    const home = tempFolder()
    const { code, stderr } = await queuectl(['wait', 'a'], { env: { QUEUECTL_HOME: home } })
    expect(code).to.equal(125)
    expect(stderr).to.match(/^queuectl: no queue at /)
    expect(readdirSync(home)).to.deep.equal([])
  })

  it('doctor reports its findings, and exits 3', async () => {
    const home = tempFolder()
    const { code, stdout } = await queuectl(['doctor'], { env: { QUEUECTL_HOME: home } })
    expect(code).to.equal(3)
    expect(stdout).to.match(/^warning {2}store +no queue at .*queue\.db yet/)
    expect(readdirSync(home)).to.deep.equal([])
  })

  it('an empty file is not changed', async () => {
    const home = tempFolder()
    const db = path.join(home, 'queue.db')
    writeFileSync(db, '')
    for (const args of [['list'], ['doctor'], ['backup', path.join(home, 'copy.db')]]) {
      const { code, stdout, stderr } = await queuectl(args, { env: { QUEUECTL_HOME: home } })
      expect(code, args.join(' ')).to.equal(3)
      expect(stdout + stderr).to.contain(`no queue at ${db} yet`)
    }
    expect(readdirSync(home)).to.deep.equal(['queue.db'])
    expect(statSync(db).size).to.equal(0)
  })

  it('a wrong key is reported first', async () => {
    const { code, stderr } = await queuectl(['config', 'get', 'tiemout'])
    expect(code).to.equal(2)
    expect(stderr).to.contain('did you mean timeout?')
  })

  it('with --json the failure is an object', async () => {
    const { code, stdout, stderr } = await queuectl(['status', '--json'])
    expect({ code, stdout }).to.deep.equal({ code: 3, stdout: '' })
    expect(JSON.parse(stderr).error).to.include({ code: 'not_found' })
  })
})

describe('if a MongoDB database holds no queue @posix', function () {
  this.timeout(60_000)
  before(needsMongo)

  it('commands that read exit 3 and write nothing; enqueue creates it', async () => {
    const address = (await mongoServer()).url()
    const raw = await mongoose.createConnection(address).asPromise()
    const home = tempFolder()
    const run = (...args: string[]) => queuectl(['--db', address, ...args], { env: { QUEUECTL_HOME: home } })
    try {
      for (const args of [['list'], ['worker', 'list'], ['config', 'list'], ['doctor']]) {
        const { code, stdout, stderr } = await run(...args)
        expect(code, args.join(' ')).to.equal(3)
        expect(stdout + stderr).to.contain(`no queue at ${address} yet`)
      }
      expect(await raw.db?.listCollections().toArray()).to.deep.equal([])
      expect(readdirSync(home)).to.deep.equal([])
      expect(await run('enqueue', '--', 'true')).to.include({ code: 0 })
      expect(await run('list')).to.include({ code: 0 })
    } finally {
      await raw.dropDatabase()
      await raw.close()
    }
  })
})
