import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { sendSignal } from '../../src/platform/kill.ts'
import { platform } from '../../src/platform/platform.ts'
import { procfs } from '../../src/platform/procfs.ts'
import { platformWith } from '../helpers/platform.ts'
import { endStrangers, HAS_PROC, lives, startOf, stranger } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('the guard of process.kill (S16, R4) @posix', () => {
  it('refuses pids that mean our own group, every process, or none', () => {
    for (const pid of [1, 0, -1, -5, 1.5, Number.NaN, '', '7', null, undefined]) {
      for (const group of [false, true]) {
        expect(() => sendSignal(pid as number, 'SIGKILL', { group }), `${pid}`).to.throw(RangeError)
      }
    }
  })

  it('reports whether a process exists', () => {
    expect(sendSignal(process.pid, 0)).to.equal('sent')
    expect(sendSignal(2 ** 22 + 1, 0)).to.equal('gone')
  })
})

describe('the identity of a process (R4) @posix', function () {
  this.timeout(60_000)
  afterEach(endStrangers)

  it('matches that process and no other', async () => {
    const { pid } = stranger()
    const identity = await waitFor(() => platform.identify(pid), { within: 10_000, what: 'an identity' })
    expect(platform.liveness(identity)).to.equal('alive')
    expect(platform.liveness({ ...identity, start: `${identity.start}1` })).to.equal('gone')
    expect(platform.liveness({ ...identity, boot_id: 'another boot' })).to.equal('gone')
    expect(platform.liveness({ ...identity, host_id: 'another host' })).to.equal('elsewhere')
    expect(platform.liveness({ ...identity, pid_ns: 'pid:[1]' })).to.equal('elsewhere')
    expect(platform.signal({ ...identity, start: `${identity.start}1` }, 'SIGKILL')).to.equal(false)
    expect(lives(pid)).to.equal(true)
    expect(platform.signal(identity, 'SIGKILL')).to.equal(true)
    await waitFor(() => platform.liveness(identity) === 'gone', { within: 10_000, what: 'its death' })
    expect(platform.identify(pid)).to.equal(null)
    expect(platform.signal(identity, 'SIGKILL')).to.equal(false)
  })

  it('of a forged pid matches no process (S16)', () => {
    const identity = platform.identify(process.pid)
    expect(identity).to.not.equal(null)
    if (identity === null) return
    for (const pid of [0, 1, -1, -process.pid, 1.5]) {
      expect(platform.liveness({ ...identity, pid })).to.equal('gone')
      expect(platform.signal({ ...identity, pid }, 'SIGTERM')).to.equal(false)
    }
  })

  it('counts a hidden process as alive: hiding does not prove its death', () => {
    const boot = () => platform.identify(process.pid)?.boot_id ?? ''
    const hidden = platformWith({ entry: () => null, boot }, () => 'refused')
    const identity = platform.identify(process.pid)
    if (identity !== null) expect(hidden.liveness({ ...identity, pid: 4_711 })).to.equal('alive')
  })

  it('is read correctly for any program name', async function () {
    if (!HAS_PROC) return skip(this, 'no /proc')
    const { pid } = stranger(
      `exec ${JSON.stringify(process.execPath)} -e 'process.title = ") Z 1 (x) "; setInterval(() => {}, 1000)'`,
    )
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'latin1')
    await waitFor(() => stat().includes(') Z 1 (x)'), { within: 20_000, what: 'the program' })
    expect(procfs.entry(pid)).to.include({
      pid,
      parent: process.pid,
      group: pid,
      session: pid,
      start: startOf(pid),
      alive: true,
    })
  })
})

describe('a job for a shell that this system does not have @posix', () => {
  it('does not start, and reports why', async function () {
    if (process.platform === 'win32') return skip(this, 'not for Windows')
    const job = { command: 'true', shell: 'powershell', cwd: '/', env: {}, output_fd: 1 } as const
    const { pid, ended } = platform.start(job)
    expect(pid).to.equal(null)
    expect(await ended).to.deep.equal({ kind: 'error', message: 'no shell "powershell" on this system' })
  })
})

describe('what the system reports @posix', () => {
  it('returns CPU and memory of living processes, in one call, and nothing for others', async () => {
    const figures = await platform.usage([process.pid, 2 ** 22 + 1])
    expect([...figures.keys()]).to.deep.equal([process.pid])
    expect(figures.get(process.pid)?.rss).to.be.above(1024 * 1024)
    expect(figures.get(process.pid)?.cpu).to.be.at.least(0)
    expect(await platform.usage([])).to.deep.equal(new Map())
  })

  it('returns the pids of a session', async function () {
    if (!HAS_PROC) return skip(this, 'no /proc')
    const { pid } = stranger('sleep 60 & sleep 60; true')
    const members = await waitFor(
      async () => {
        const pids = (await platform.sessionPids([pid])).get(pid) ?? []
        return pids.length === 3 ? pids : null
      },
      { within: 10_000, what: 'three processes' },
    )
    expect(members).to.include(pid)
    endStrangers()
    expect(await platform.sessionPids([2 ** 22 + 1])).to.deep.equal(new Map([[2 ** 22 + 1, [2 ** 22 + 1]]]))
  })

  it('names a folder for data, which QUEUECTL_HOME moves', () => {
    const { QUEUECTL_HOME, XDG_DATA_HOME } = process.env
    try {
      delete process.env.QUEUECTL_HOME
      expect(path.isAbsolute(platform.dataFolder())).to.equal(true)
      expect(platform.dataFolder()).to.match(/queuectl$/)
      if (HAS_PROC) {
        process.env.XDG_DATA_HOME = '/xdg'
        expect(platform.dataFolder()).to.equal('/xdg/queuectl')
        process.env.XDG_DATA_HOME = 'relative'
        expect(platform.dataFolder()).to.equal(path.join(os.homedir(), '.local/share/queuectl'))
      }
      process.env.QUEUECTL_HOME = 'here'
      expect(platform.dataFolder()).to.equal(path.resolve('here'))
    } finally {
      for (const [name, value] of Object.entries({ QUEUECTL_HOME, XDG_DATA_HOME })) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    }
  })

  it('trusts the local disk, also for a file that does not exist yet', () => {
    expect(platform.untrustedFileSystem(path.join(import.meta.dirname, 'not/yet/there.db'))).to.equal(null)
  })
})
