import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { NODE_VERSION } from '../../build/package/targets.ts'
import { killQuietly, lives } from '../helpers/processes.ts'
import { collect } from '../helpers/queuectl.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { executable, HOST, type RunOptions, run } from './executables.ts'

const WINDOWS = process.platform === 'win32'
const PROGRAM = WINDOWS ? 'queuectl.exe' : 'queuectl'

describe('the executable', function () {
  this.timeout(60_000)
  this.slow(10_000)
  let place: Place

  before(function () {
    this.timeout(900_000)
    if (HOST === undefined) this.skip()
    executable(HOST)
  })
  beforeEach(() => {
    place = new Place(tempFolder())
  })
  afterEach(() => place.end())

  it('says what it is', () => {
    const { version, commit, target, node, sqlite } = place.json('version')
    expect({ target, node }).to.deep.equal({ target: HOST?.name, node: NODE_VERSION })
    expect(version).to.match(/^\d+\.\d+\.\d+/)
    expect(commit).to.match(/^[0-9a-f]{12}$/)
    expect(sqlite).to.match(/^3\./)
    expect(place.ok('--version')).to.equal(`${version}\n`)
  })

  it('alone in an empty folder, with an empty environment, does what the README begins with (F30)', () => {
    place.ok('enqueue', '{"id":"hello","command":"echo Hello","max_retries":3}')
    place.ok('enqueue', '--id', 'words', '--', 'echo', 'two words')
    expect(place.json('status').jobs).to.include({ ready: 2 })
    place.ok('worker', 'start', '--count', '3', '--drain')
    expect(place.ok('logs', 'hello').trim()).to.equal('Hello')
    expect(place.json('show', 'words').state).to.equal('completed')
    expect(place.json('worker', 'list')).to.deep.equal([])
  })

  it('under a path with blanks and letters from everywhere', () => {
    place = new Place(path.join(tempFolder(), 'mes tâches', '作業 ü'))
    place.ok('enqueue', '--id', 'there', '--', 'echo there')
    place.ok('worker', 'start', '--drain')
    expect(place.ok('logs', 'there').trim()).to.equal('there')
  })

  it('takes many jobs from stdin', () => {
    const input = Array.from({ length: 1000 }, (_, i) => `echo ${i}\n`).join('')
    expect(place.ok('enqueue', '-', { input }).trim().split('\n')).to.have.length(1000)
  })

  it('reads .env where it is started', () => {
    writeFileSync(path.join(place.folder, '.env'), 'QUEUECTL_DB=from-env.db\n')
    delete place.env.QUEUECTL_DB
    place.ok('enqueue', '--', 'true')
    expect(place.json('--db', 'from-env.db', 'list')).to.have.length(1)
  })

  it('starts workers that stay, and stops them from another terminal', async () => {
    const { pid } = place.json('worker', 'start', '--detach', '--count', '2')
    const workers = place.json('worker', 'list').filter((row: { kind: string }) => row.kind === 'worker')
    expect(workers).to.have.length(2)
    place.ok('worker', 'stop')
    await waitFor(() => !lives(pid), { within: 5_000, what: 'the supervisor is gone' })
    expect(workers.filter((row: { pid: number }) => lives(row.pid))).to.deep.equal([])
  })

  it('replaces a worker that was killed, and runs its job again (F1, F30)', async () => {
    place.ok('enqueue', '--id', 'again', '--', 'test -e seen && exit 0; touch seen; sleep 30')
    const child = place.start('worker', 'start')
    const row = await place.worker(({ jobs }) => jobs.length === 1)
    await waitFor(() => run('/bin/sh', ['-c', 'test -e seen'], { cwd: place.folder }).code === 0, {
      within: 5_000,
      what: 'the job runs',
    })
    process.kill(row.pid, 'SIGKILL')
    expect((await place.worker(({ pid }) => pid !== row.pid)).pid).to.be.above(1)
    expect(place.run('wait', 'again', '--timeout', '20s').code).to.equal(0)
    expect(place.json('show', 'again')).to.include({ state: 'completed', attempts: 0, interruptions: 1 })
    await place.interrupt(child, 'SIGTERM', 0)
  })

  it('ends on signals as its exit codes say, and measures its workers meanwhile', async () => {
    const child = place.start('worker', 'start')
    const row = await place.worker(({ rss }) => rss !== null)
    expect(row.rss).to.be.above(10_000_000)
    await place.interrupt(child, 'SIGINT', 130)
    expect(lives(row.pid)).to.equal(false)
  })

  it('cancels a job with all its processes', async () => {
    place.ok('enqueue', '--id', 'tree', '--', 'sleep 60 & sleep 60 & wait')
    const child = place.start('worker', 'start')
    const { jobs } = await place.worker((row) => row.jobs.length === 1)
    place.ok('cancel', 'tree')
    expect(place.json('show', 'tree').state).to.equal('cancelled')
    expect(lives(Number(jobs[0]?.pid))).to.equal(false)
    await place.interrupt(child, 'SIGTERM', 0)
  })

  it('knows MongoDB, which it loads when asked for', () => {
    const { code, stderr } = place.run('--db', 'mongodb://127.0.0.1:9/none', 'status', '--json')
    expect({ code, error: JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error.code }).to.deep.equal({
      code: 69,
      error: 'unreachable',
    })
  })

  it('refuses a store of a newer version, exit 78', () => {
    place.ok('enqueue', '--', 'true')
    const db = new DatabaseSync(path.join(place.folder, 'queue.db'))
    db.exec('PRAGMA user_version = 999')
    db.close()
    const { code, stderr } = place.run('status')
    expect(code).to.equal(78)
    expect(stderr).to.contain('999')
  })

  describe('and the Node of others', () => {
    it('gives a job the user’s node, not its own (F30)', () => {
      const bin = path.join(place.folder, 'bin')
      mkdirSync(bin)
      writeFileSync(path.join(bin, 'node'), '#!/bin/sh\necho the node of this machine: "$@"\n')
      chmodSync(path.join(bin, 'node'), 0o755)
      place.env.PATH = `${bin}:/usr/bin:/bin`
      place.ok('enqueue', '--id', 'node', '--', 'node -v; node x.js')
      place.ok('worker', 'start', '--drain')
      expect(place.ok('logs', 'node')).to.equal('the node of this machine: -v\nthe node of this machine: x.js\n')
    })

    it('needs none: a job without one on the PATH does not find it (F30)', () => {
      place.env.PATH = place.folder
      place.ok('enqueue', '--id', 'none', '--max-retries', '0', '--', 'node -v')
      expect(place.run('worker', 'start', '--drain').code).to.equal(1)
      expect(place.json('show', 'none')).to.include({ state: 'dead', exit_code: 127 })
    })

    it('runs itself where a job says queuectl, on the same queue (F30)', () => {
      place.env.PATH = `${place.folder}:/usr/bin:/bin`
      place.ok('enqueue', '--id', 'outer', '--', 'queuectl enqueue --id inner -- echo from inside')
      place.ok('worker', 'start', '--drain')
      expect(place.ok('logs', 'inner')).to.equal('from inside\n')
    })

    it('takes no NODE_OPTIONS, and hands them to the jobs', () => {
      Object.assign(place.env, { NODE_OPTIONS: '--no-such-option', NODE_UNIQUE_ID: '7', NODE_CHANNEL_FD: '3' })
      place.ok('enqueue', '--id', 'env', '--', 'echo "$NODE_OPTIONS|$NODE_UNIQUE_ID|$NODE_CHANNEL_FD"')
      place.ok('worker', 'start', '--count', '2', '--drain')
      expect(place.ok('logs', 'env')).to.equal('--no-such-option||\n')
    })
  })

  describe('where it may do little', () => {
    before(function () {
      if (process.getuid?.() !== 0) this.skip()
    })

    it('as another user', () => {
      const nobody = 65_534
      chownSync(place.folder, nobody, nobody)
      chmodSync(path.dirname(place.folder), 0o755)
      place.uid = nobody
      place.ok('enqueue', '--id', 'who', '--', 'id -u')
      place.ok('worker', 'start', '--drain')
      expect(place.ok('logs', 'who')).to.equal(`${nobody}\n`)
    })

    it('from a mount that is read-only', function () {
      const mounted = path.join(place.folder, 'mounted')
      mkdirSync(mounted)
      const mount = (...args: string[]) => run('/bin/mount', args, { cwd: '/' }).code
      if (mount('-t', 'tmpfs', 'queuectl-test', mounted) !== 0) this.skip()
      try {
        copyFileSync(place.program, path.join(mounted, PROGRAM))
        expect(mount('-o', 'remount,ro', mounted)).to.equal(0)
        place.program = path.join(mounted, PROGRAM)
        place.ok('enqueue', '--id', 'ro', '--', 'echo fine')
        place.ok('worker', 'start', '--drain')
        expect(place.ok('logs', 'ro')).to.equal('fine\n')
      } finally {
        run('/bin/umount', [mounted], { cwd: '/' })
      }
    })
  })
})

interface Row {
  kind: string
  state: string
  pid: number
  rss: number | null
  jobs: { pid: number | null }[]
}

/** A folder with a copy of the executable, where it is run with an environment that holds nothing but where its store is. */
class Place {
  readonly folder: string
  program: string
  uid: number | undefined
  readonly env: Record<string, string>
  readonly #children: ChildProcess[] = []

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.folder = folder
    this.program = path.join(folder, PROGRAM)
    if (HOST) copyFileSync(executable(HOST), this.program)
    this.env = {
      QUEUECTL_DB: path.join(folder, 'queue.db'),
      ...(WINDOWS && { SystemRoot: process.env.SystemRoot ?? '' }),
    }
  }

  run(...args: (string | { input: string })[]) {
    const options: RunOptions = { cwd: this.folder, env: this.env, ...(this.uid !== undefined && { uid: this.uid }) }
    const words = args.filter((arg) => typeof arg === 'string')
    return run(this.program, words, Object.assign(options, ...args.filter((arg) => typeof arg === 'object')))
  }

  ok(...args: (string | { input: string })[]): string {
    const ran = this.run(...args)
    expect(ran, args.join(' ')).to.include({ code: 0 })
    return ran.stdout
  }

  json(...args: string[]) {
    return JSON.parse(this.ok('--json', ...args))
  }

  start(...args: string[]): ChildProcess {
    const child = spawn(this.program, args, { cwd: this.folder, env: this.env, stdio: 'pipe' })
    this.#children.push(child)
    return child
  }

  /** The first worker that fits, once there is one. */
  worker(fits: (row: Row) => boolean): Promise<Row> {
    const find = () => this.json('worker', 'list').find((row: Row) => row.kind === 'worker' && fits(row))
    return waitFor(find, { within: 15_000, what: 'a worker is as it should be' })
  }

  async interrupt(child: ChildProcess, signal: NodeJS.Signals, code: number): Promise<void> {
    const ended = collect(child)
    child.kill(signal)
    expect((await ended).code).to.equal(code)
  }

  /** Leaves nothing behind, whatever the test came to. */
  end(): void {
    for (const { pid = 0, exitCode, signalCode } of this.#children) {
      if (exitCode !== null || signalCode !== null) continue
      this.run('worker', 'stop', '--force')
      killQuietly(pid)
    }
  }
}
