import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { executable, HOST, run } from './executables.ts'
import { Place, PROGRAM } from './place.ts'

describe('the executable, whatever surrounds it', function () {
  this.timeout(120_000)
  this.slow(10_000)
  let place: Place

  before(function () {
    this.timeout(900_000)
    // Commands of sh; on Windows the tests in test/windows run against the executable.
    if (HOST === undefined || process.platform === 'win32') this.skip()
    executable(HOST)
  })
  beforeEach(() => {
    place = new Place()
  })
  afterEach(() => place.end())

  describe('and the Node of others', () => {
    it('gives a job the user’s node, not its own (F30)', () => {
      const bin = path.join(place.folder, 'bin')
      mkdirSync(bin)
      writeFileSync(path.join(bin, 'node'), '#!/bin/sh\necho the node of this machine: "$@"\n')
      chmodSync(path.join(bin, 'node'), 0o755)
      place.env.PATH = `${bin}:/usr/bin:/bin`
      place.ok('enqueue', '--id', 'node', '--', 'node -v; node x.js')
      place.drain()
      expect(place.ok('logs', 'node')).to.equal('the node of this machine: -v\nthe node of this machine: x.js\n')
    })

    it('needs none: a job without one on the PATH does not find it (F30)', () => {
      place.env.PATH = place.folder
      place.ok('enqueue', '--id', 'none', '--max-retries', '0', '--', 'node -v')
      expect(place.run('worker', 'start', '--drain').code).to.equal(1)
      expect(place.json('show', 'none')).to.include({ state: 'dead', exit_code: 127 })
    })

    it('lets a job’s own Node fork children, and tells them nothing of itself', () => {
      const script = `const { fork } = require('node:child_process')
        if (process.send) process.send('from the child'); else fork(__filename).on('message', (text) => console.log(text))`
      writeFileSync(path.join(place.folder, 'forks.cjs'), script)
      place.env.PATH = `${path.dirname(process.execPath)}:/usr/bin:/bin`
      place.ok('enqueue', '--id', 'forks', '--', 'node forks.cjs; env')
      place.drain('--count', '2')
      const [said, ...variables] = place.ok('logs', 'forks').trim().split('\n')
      expect(said).to.equal('from the child')
      expect(variables.filter((line) => /^(NODE_|PKG_|QUEUECTL_WORKER)/.test(line))).to.deep.equal([])
    })

    it('runs itself where a job says queuectl, on the same queue (F30)', () => {
      place.env.PATH = `${place.folder}:/usr/bin:/bin`
      place.ok('enqueue', '--id', 'outer', '--', 'queuectl enqueue --id inner -- echo from inside')
      place.drain()
      expect(place.ok('logs', 'inner')).to.equal('from inside\n')
    })

    it('takes no NODE_OPTIONS, and hands them to the jobs', () => {
      place.env.NODE_OPTIONS = '--no-such-option'
      place.ok('enqueue', '--id', 'env', '--', 'echo "$NODE_OPTIONS"')
      place.drain('--count', '2')
      expect(place.ok('logs', 'env')).to.equal('--no-such-option\n')
    })

    // What a Node that is long gone left in the environment names descriptors that are something else by now, or nothing.
    for (const left of [
      ...['0', '3', '21', '99'].map((fd) => ({ NODE_CHANNEL_FD: fd, NODE_UNIQUE_ID: '7' })),
      { NODE_UNIQUE_ID: '7' },
      { NODE_UNIQUE_ID: '', NODE_CHANNEL_SERIALIZATION_MODE: 'advanced' },
    ]) {
      it(`takes ${new URLSearchParams(left)} for left over`, () => {
        Object.assign(place.env, left)
        const input = 'echo "$NODE_UNIQUE_ID|$NODE_CHANNEL_FD"\n'
        const [id = ''] = place.ok('enqueue', '-', { input }).split('\n')
        place.drain('--count', '2')
        expect(place.ok('logs', id)).to.equal('|\n')
        expect(place.json('show', id).state).to.equal('completed')
      })
    }
  })

  describe('where it may do little', () => {
    before(function () {
      if (process.getuid?.() !== 0) this.skip()
    })

    it('works as another user, also one that the machine does not know', () => {
      const nobody = 54_321
      chownSync(place.folder, nobody, nobody)
      place.uid = nobody
      place.ok('enqueue', '--id', 'who', '--', 'id -u')
      place.drain()
      expect(place.ok('logs', 'who')).to.equal(`${nobody}\n`)
    })

    it('works from a mount that is read-only', function () {
      const mounted = path.join(place.folder, 'mounted')
      mkdirSync(mounted)
      const mount = (...args: string[]) => run('/bin/mount', args, { cwd: '/' }).code
      if (mount('-t', 'tmpfs', 'queuectl-test', mounted) !== 0) this.skip()
      try {
        copyFileSync(place.program, path.join(mounted, PROGRAM))
        expect(mount('-o', 'remount,ro', mounted)).to.equal(0)
        rmSync(place.program)
        place.program = path.join(mounted, PROGRAM)
        place.ok('enqueue', '--id', 'ro', '--', 'echo fine')
        place.drain()
        expect(place.ok('logs', 'ro')).to.equal('fine\n')
      } finally {
        run('/bin/umount', [mounted], { cwd: '/' })
      }
    })
  })
})
