import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { NODE_VERSION, TARGETS } from '../../build/package/targets.ts'
import { exists } from '../../build/package/tools.ts'
import { lives } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'
import { executable, isBuilt, run } from './executables.ts'
import { Sandbox } from './sandbox.ts'

const SYSROOT = '/usr/aarch64-linux-gnu'
const QEMU = '/usr/bin/qemu-aarch64-static'
const NO_FORKS = 'the kernel does not know qemu and cannot be set up to'

// What an ELF file for that processor begins with, and which of these bytes count (Documentation/admin-guide/binfmt-misc.rst of Linux).
const MAGIC = '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00'
const MASK = '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff'

/**
 * Forks are programs that the kernel starts, so that it has to know the emulator. It may be told in a namespace of one's own, which
 * leaves the machine as it is (Linux 6.7).
 */
const TELL_KERNEL = `mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
  printf %s ':arm64:M::${MAGIC}:${MASK}:${QEMU}:F' >/proc/sys/fs/binfmt_misc/register && exec "$@"`
const NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', TELL_KERNEL, 'sh']

// The executable for another processor that an emulator can run: apt-get install qemu-user-static libc6-arm64-cross
// libstdc++6-arm64-cross.
describe('the executable for linux-arm64, under qemu', function () {
  this.timeout(300_000)
  this.slow(60_000)
  const target = TARGETS.find(({ name }) => name === 'linux-arm64')
  let sandbox: Sandbox
  let forks: boolean

  before(function () {
    this.timeout(900_000)
    if (process.arch === 'arm64' || !target || !isBuilt(target))
      return skip(this, 'no executable for arm64, or this machine is one')
    if (!exists(QEMU) || !existsSync(`${SYSROOT}/lib/libstdc++.so.6`)) return missing(this, `no ${QEMU} and ${SYSROOT}`)
    const through = [[], NAMESPACE].find((words) => starts([...words, executable(target), '--version']))
    forks = through !== undefined
    sandbox = new Sandbox({ target, through: through ?? [QEMU] })
    sandbox.env.QEMU_LD_PREFIX = SYSROOT
  })
  afterEach(() => sandbox.end())

  it('says what it is', () => {
    expect(sandbox.json('version')).to.include({ target: 'linux-arm64', node: NODE_VERSION })
  })

  it('stores jobs and shows them, and says nothing else', () => {
    const { stderr, code } = sandbox.run('enqueue', '--id', 'one', '--', 'echo from $QUEUECTL_JOB_ID')
    expect({ stderr, code }).to.deep.equal({ stderr: '', code: 0 })
    expect(sandbox.json('show', 'one')).to.include({ state: 'pending' })
    expect(sandbox.json('status').jobs.ready).to.equal(1)
  })

  it('forks workers, which run them', function () {
    if (!forks) skip(this, NO_FORKS)
    sandbox.drain('--count', '2')
    expect(sandbox.ok('logs', 'one')).to.equal('from one\n')
  })

  // By a signal: `worker stop` asks whether a process is still the one on record by its start time, of which qemu tells the process
  // itself another one than everybody else.
  it('starts workers that stay, and stops with their job at SIGTERM', async function () {
    if (!forks) skip(this, NO_FORKS)
    sandbox.ok('enqueue', '--id', 'long', '--', 'sleep 600')
    const child = sandbox.start('worker', 'start', '--grace', '1s')
    const { jobs, pid } = await sandbox.worker((row) => row.jobs.some((job) => job.pid !== null), 150_000)
    expect(await sandbox.interrupt(child, 'SIGTERM')).to.equal(1)
    expect([pid, Number(jobs[0]?.pid)].filter(lives)).to.deep.equal([])
    expect(sandbox.json('show', 'long')).to.include({ state: 'pending', attempts: 0, interruptions: 0 })
  })

  function starts([file = '', ...args]: string[]): boolean {
    try {
      return run(file, args, { cwd: tempFolder(), env: { QEMU_LD_PREFIX: SYSROOT } }).code === 0
    } catch {
      // The kernel takes it for no program at all (ENOEXEC).
      return false
    }
  }
})

/** In CI it is what the test is for. */
function missing(context: Mocha.Context, why: string): void {
  if (process.env.CI && process.platform === 'linux') throw new Error(`the executable for arm64 cannot be run: ${why}`)
  skip(context, why)
}
