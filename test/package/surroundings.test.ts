import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { skip } from '../helpers/skip.ts'
import { executable, HOST, run } from './executables.ts'
import { PROGRAM, Sandbox } from './sandbox.ts'

describe('the executable, whatever surrounds it', function () {
  this.timeout(120_000)
  this.slow(10_000)
  let sandbox: Sandbox

  before(function () {
    this.timeout(900_000)
    // Commands of sh; on Windows the tests in test/windows run against the executable.
    if (HOST === undefined || process.platform === 'win32') skip(this, 'no executable for this system, or Windows')
    executable(HOST)
  })
  beforeEach(() => {
    sandbox = new Sandbox()
  })
  afterEach(() => sandbox.end())

  describe('and the Node of others', () => {
    it('gives a job the user’s node, not its own (F30)', () => {
      const bin = path.join(sandbox.folder, 'bin')
      mkdirSync(bin)
      writeFileSync(path.join(bin, 'node'), '#!/bin/sh\necho the node of this machine: "$@"\n')
      chmodSync(path.join(bin, 'node'), 0o755)
      sandbox.env.PATH = `${bin}:/usr/bin:/bin`
      sandbox.ok('enqueue', '--id', 'node', '--', 'node -v; node x.js')
      sandbox.drain()
      expect(sandbox.ok('logs', 'node')).to.equal('the node of this machine: -v\nthe node of this machine: x.js\n')
    })

    it('needs none: a job without one on the PATH does not find it (F30)', () => {
      sandbox.env.PATH = sandbox.folder
      sandbox.ok('enqueue', '--id', 'none', '--max-retries', '0', '--', 'node -v')
      expect(sandbox.run('worker', 'start', '--drain').code).to.equal(1)
      expect(sandbox.json('show', 'none')).to.include({ state: 'dead', exit_code: 127 })
    })

    it('lets a job’s own Node fork children, and tells them nothing of itself', () => {
      const script = `const { fork } = require('node:child_process')
        if (process.send) process.send('from the child'); else fork(__filename).on('message', (text) => console.log(text))`
      writeFileSync(path.join(sandbox.folder, 'forks.cjs'), script)
      sandbox.env.PATH = `${path.dirname(process.execPath)}:/usr/bin:/bin`
      sandbox.ok('enqueue', '--id', 'forks', '--', 'node forks.cjs; env')
      sandbox.drain('--count', '2')
      const [said, ...variables] = sandbox.ok('logs', 'forks').trim().split('\n')
      expect(said).to.equal('from the child')
      expect(variables.filter((line) => /^(NODE_|PKG_|QUEUECTL_WORKER)/.test(line))).to.deep.equal([])
    })

    it('runs itself where a job says queuectl, on the same queue (F30)', () => {
      sandbox.env.PATH = `${sandbox.folder}:/usr/bin:/bin`
      sandbox.ok('enqueue', '--id', 'outer', '--', 'queuectl enqueue --id inner -- echo from inside')
      sandbox.drain()
      expect(sandbox.ok('logs', 'inner')).to.equal('from inside\n')
    })

    it('takes no NODE_OPTIONS, and hands them to the jobs', () => {
      sandbox.env.NODE_OPTIONS = '--no-such-option'
      sandbox.ok('enqueue', '--id', 'env', '--', 'echo "$NODE_OPTIONS"')
      sandbox.drain('--count', '2')
      expect(sandbox.ok('logs', 'env')).to.equal('--no-such-option\n')
    })

    // What a Node that is long gone left in the environment names descriptors that are something else by now, or nothing.
    for (const left of [
      ...['0', '3', '21', '99'].map((fd) => ({ NODE_CHANNEL_FD: fd, NODE_UNIQUE_ID: '7' })),
      { NODE_UNIQUE_ID: '7' },
      { NODE_UNIQUE_ID: '', NODE_CHANNEL_SERIALIZATION_MODE: 'advanced' },
    ]) {
      it(`takes ${new URLSearchParams(left)} for left over`, () => {
        Object.assign(sandbox.env, left)
        const input = 'echo "$NODE_UNIQUE_ID|$NODE_CHANNEL_FD"\n'
        const [id = ''] = sandbox.ok('enqueue', '-', { input }).split('\n')
        sandbox.drain('--count', '2')
        expect(sandbox.ok('logs', id)).to.equal('|\n')
        expect(sandbox.json('show', id).state).to.equal('completed')
      })
    }
  })

  describe('where it may do little', () => {
    before(function () {
      if (process.getuid?.() !== 0) skip(this, 'needs root')
    })

    it('works as another user, also one that the machine does not know', () => {
      const nobody = 54_321
      chownSync(sandbox.folder, nobody, nobody)
      sandbox.uid = nobody
      sandbox.ok('enqueue', '--id', 'who', '--', 'id -u')
      sandbox.drain()
      expect(sandbox.ok('logs', 'who')).to.equal(`${nobody}\n`)
    })

    it('works from a mount that is read-only', function () {
      const mounted = path.join(sandbox.folder, 'mounted')
      mkdirSync(mounted)
      const mount = (...args: string[]) => run('/bin/mount', args, { cwd: '/' }).code
      if (mount('-t', 'tmpfs', 'queuectl-test', mounted) !== 0) skip(this, 'mounting a file system needs root')
      try {
        copyFileSync(sandbox.program, path.join(mounted, PROGRAM))
        expect(mount('-o', 'remount,ro', mounted)).to.equal(0)
        rmSync(sandbox.program)
        sandbox.program = path.join(mounted, PROGRAM)
        sandbox.ok('enqueue', '--id', 'ro', '--', 'echo fine')
        sandbox.drain()
        expect(sandbox.ok('logs', 'ro')).to.equal('fine\n')
      } finally {
        run('/bin/umount', [mounted], { cwd: '/' })
      }
    })
  })
})
