import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { NODE_VERSION } from '../../build/package/targets.ts'
import { KILL_POINTS } from '../../src/platform/kill-point.ts'
import { lives } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { executable, HOST } from './executables.ts'
import { type Row, Sandbox } from './sandbox.ts'

describe('the executable', function () {
  this.timeout(120_000)
  this.slow(10_000)
  let sandbox: Sandbox

  before(function () {
    this.timeout(900_000)
    if (HOST === undefined) skip(this, 'no executable for this system')
    executable(HOST)
  })
  beforeEach(() => {
    sandbox = new Sandbox()
  })
  afterEach(() => sandbox.end())

  it('says what it is', () => {
    const { version, commit, target, node, sqlite } = sandbox.json('version')
    expect({ target, node }).to.deep.equal({ target: HOST?.name, node: NODE_VERSION })
    expect(version).to.match(/^\d+\.\d+\.\d+/)
    expect(commit).to.match(/^[0-9a-f]{12}$/)
    expect(sqlite).to.match(/^3\./)
    expect(sandbox.ok('--version')).to.equal(`${version}\n`)
  })

  it('alone in an empty folder, with an empty environment, does what the README begins with (F30)', async () => {
    sandbox.env = {}
    const db = ['--db', 'queue.db']
    sandbox.ok('enqueue', ...db, '{"id":"hello","command":"echo Hello && sleep 1","max_retries":3}')
    sandbox.ok('enqueue', ...db, '--id', 'words', '--', 'echo', 'two words')
    expect(sandbox.json('status', ...db).jobs).to.include({ ready: 2 })
    const child = sandbox.start('worker', 'start', '--count', '3', ...db)
    expect(sandbox.run('wait', 'hello', 'words', '--timeout', '20s', ...db).code).to.equal(0)
    expect(sandbox.ok('logs', 'hello', ...db)).to.equal('Hello\n')
    expect(sandbox.ok('logs', 'words', ...db)).to.equal('two words\n')
    sandbox.ok('worker', 'stop', ...db)
    await waitFor(() => child.exitCode === 0, { within: 15_000, what: 'the supervisor has ended' })
    expect(sandbox.json('worker', 'list', ...db)).to.deep.equal([])
  })

  it('says nothing but what it is asked for: no warning of experiments or of compiled code', () => {
    for (const args of [
      ['--version'],
      ['version'],
      ['--help'],
      ['enqueue', '--id', 'quiet', '--', 'echo quiet'],
      ['enqueue', '{"id":"other","command":"true"}'],
      ['status'],
      ['list'],
      ['worker', 'start', '--drain'],
      ['show', 'quiet'],
      ['logs', 'quiet'],
      ['config', 'list'],
      ['completion', 'bash'],
      ['wait', 'quiet'],
      ['requeue', 'quiet'],
      ['cancel', 'quiet'],
      ['purge', '--state', 'completed', '--yes'],
    ]) {
      const { code, stderr } = sandbox.run(...args)
      expect({ code, stderr }, args.join(' ')).to.deep.equal({ code: 0, stderr: '' })
    }
    expect(sandbox.run('worker', 'list').stderr).to.equal('queuectl: no worker is running\n')
  })

  it('prints the licences of all that is inside', () => {
    const text = sandbox.ok('licenses')
    expect(text).to.match(/^=+\nqueuectl /)
    expect(text).to.contain('\nmongoose ').and.to.contain(`\nNode.js ${NODE_VERSION} `)
  })

  it('shows a queue at work, and leaves nothing of it', () => {
    const tmp = tempFolder()
    Object.assign(sandbox.env, { TMPDIR: tmp, TMP: tmp, TEMP: tmp })
    expect(sandbox.ok('demo')).to.match(/broken requeued[\s\S]*All steps succeeded/)
    expect(readdirSync(tmp)).to.deep.equal([])
  })

  it('under a path with blanks and letters from everywhere', () => {
    sandbox = new Sandbox({ folder: path.join(tempFolder(), 'mes tâches', '作業 ü') })
    sandbox.ok('enqueue', '--id', 'there', '--', 'echo there')
    sandbox.drain()
    expect(sandbox.ok('logs', 'there').trim()).to.equal('there')
  })

  it('takes many jobs from stdin', () => {
    const input = Array.from({ length: 1000 }, (_, i) => `echo ${i}\n`).join('')
    expect(sandbox.ok('enqueue', '-', { input }).trim().split('\n')).to.have.length(1000)
  })

  it('reads .env where it is started', () => {
    writeFileSync(path.join(sandbox.folder, '.env'), 'QUEUECTL_DB=from-env.db\n')
    delete sandbox.env.QUEUECTL_DB
    sandbox.ok('enqueue', '--', 'true')
    expect(sandbox.json('--db', 'from-env.db', 'list')).to.have.length(1)
  })

  it('starts workers that stay, and stops them from another terminal', async () => {
    const { pid } = sandbox.json('worker', 'start', '--detach', '--count', '2')
    const workers = sandbox.json('worker', 'list').filter((row: Row) => row.kind === 'worker')
    expect(workers).to.have.length(2)
    sandbox.ok('worker', 'stop')
    await waitFor(() => !lives(pid), { within: 15_000, what: 'the supervisor is gone' })
    expect(workers.filter((row: Row) => lives(row.pid))).to.deep.equal([])
  })

  it('has no point at which a test may have it die', () => {
    const points = tempFolder()
    for (const point of KILL_POINTS) writeFileSync(path.join(points, point), '')
    sandbox.env.QUEUECTL_KILL_POINTS = points
    sandbox.ok('enqueue', '--id', 'one', '--', 'true')
    sandbox.drain()
    expect(sandbox.json('show', 'one')).to.include({ state: 'completed', runs: 1 })
    expect(readdirSync(points).sort()).to.deep.equal(KILL_POINTS.toSorted())
  })

  it('replaces a worker that was killed, and runs its job again (F1, F30)', async () => {
    sandbox.ok('enqueue', '--id', 'again', '--', 'test -e seen && exit 0; touch seen; sleep 30')
    const child = sandbox.start('worker', 'start')
    const { pid } = await sandbox.worker(({ jobs }) => jobs.length === 1)
    const seen = path.join(sandbox.folder, 'seen')
    await waitFor(() => existsSync(seen), { within: 15_000, what: 'the job runs' })
    process.kill(pid, 'SIGKILL')
    expect((await sandbox.worker((row) => row.pid !== pid)).pid).to.be.above(1)
    expect(sandbox.run('wait', 'again', '--timeout', '20s').code).to.equal(0)
    expect(sandbox.json('show', 'again')).to.include({ state: 'completed', attempts: 0, interruptions: 1 })
    expect(await sandbox.interrupt(child, 'SIGTERM')).to.equal(0)
  })

  it('ends on signals as its exit codes say, and measures its workers meanwhile', async () => {
    const child = sandbox.start('worker', 'start')
    const { pid, rss } = await sandbox.worker((row) => row.rss !== null)
    expect(rss).to.be.above(10_000_000)
    expect(await sandbox.interrupt(child, 'SIGINT')).to.equal(130)
    expect(lives(pid)).to.equal(false)
  })

  it('cancels a job with all its processes', async () => {
    sandbox.ok('enqueue', '--id', 'tree', '--', "sleep 60 & sh -c 'sleep 60 & echo $! >new; mv new inner; wait' & wait")
    const child = sandbox.start('worker', 'start')
    const { jobs } = await sandbox.worker((row) => row.jobs.some((job) => job.pid !== null))
    await waitFor(() => existsSync(path.join(sandbox.folder, 'inner')), { within: 15_000, what: 'all its processes' })
    sandbox.ok('cancel', 'tree')
    expect(sandbox.json('show', 'tree').state).to.equal('cancelled')
    const inner = Number(readFileSync(path.join(sandbox.folder, 'inner'), 'utf8'))
    expect([Number(jobs[0]?.pid), inner].filter(lives)).to.deep.equal([])
    expect(await sandbox.interrupt(child, 'SIGHUP')).to.equal(0)
  })
})
