import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { NODE_VERSION, TARGETS } from '../../build/package/targets.ts'
import { exists } from '../../build/package/tools.ts'
import { tempFolder } from '../helpers/temp.ts'
import { executable, isBuilt, run } from './executables.ts'

const SYSROOT = '/usr/aarch64-linux-gnu'
const QEMU = 'qemu-aarch64-static'

// The one for another processor that an emulator can run: apt-get install qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross
// libatomic1-arm64-cross.
describe('the executable for linux-arm64, under qemu', function () {
  this.timeout(120_000)
  this.slow(60_000)
  const target = TARGETS.find(({ name }) => name === 'linux-arm64')
  const folder = tempFolder()
  const env = { QUEUECTL_HOME: folder, QEMU_LD_PREFIX: SYSROOT, PATH: '/usr/bin:/bin' }
  let ok: (...args: string[]) => string

  before(function () {
    this.timeout(900_000)
    if (process.arch === 'arm64' || !target || !exists(QEMU) || !existsSync(SYSROOT)) return skip(this)
    if (!isBuilt(target)) this.skip()
    ok = (...args) => {
      const ran = run(QEMU, [executable(target), ...args], { cwd: folder, env })
      expect(ran, args.join(' ')).to.include({ code: 0 })
      return ran.stdout
    }
  })

  it('says what it is', () => {
    expect(JSON.parse(ok('version', '--json'))).to.include({ target: 'linux-arm64', node: NODE_VERSION })
  })

  it('stores jobs and shows them', () => {
    ok('enqueue', '--id', 'one', '--', 'uname -m')
    expect(JSON.parse(ok('show', 'one', '--json'))).to.include({ state: 'pending', command: 'uname -m' })
    expect(JSON.parse(ok('status', '--json')).jobs.ready).to.equal(1)
  })

  it('runs them', function () {
    // Forks are programs that the kernel starts: it has to know the emulator.
    if (!existsSync('/proc/sys/fs/binfmt_misc/qemu-aarch64')) this.skip()
    ok('worker', 'start', '--drain')
    expect(ok('logs', 'one').trim()).to.not.equal('')
  })
})

function skip(context: Mocha.Context): void {
  console.log(`    skipped: it takes ${QEMU} and the libraries in ${SYSROOT} on another processor`)
  context.skip()
}
