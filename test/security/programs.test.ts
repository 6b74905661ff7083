import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { skip } from '../helpers/skip.ts'
import { inScene } from '../helpers/supervised.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PROGRAMS = [
  'sh',
  'bash',
  'ps',
  'getconf',
  'kill',
  'pkill',
  'uname',
  'id',
  'sysctl',
  'node',
  'taskkill',
  'cmd.exe',
  'wmic',
]

describe('planted programs (S19) @posix', function () {
  this.timeout(120_000)
  const trap = tempFolder()
  const witness = path.join(trap, 'witness')

  before(function () {
    if (process.platform === 'win32') return skip(this, 'not for Windows')
    for (const name of [...PROGRAMS, 'taskkill.exe']) {
      const file = path.join(trap, name)
      writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> ${witness}\nexit 1\n`)
      chmodSync(file, 0o755)
    }
  })

  it('first on the PATH and in the working folder are not run, by any worker or command', async () => {
    const PATH = `${trap}:.:${process.env.PATH}`
    await inScene({ env: { PATH } }, async (scene) => {
      mkdirSync(scene.home, { recursive: true })
      const failing = await scene.add('exit 3', { cwd: trap })
      const stubborn = await scene.add('sleep 600 & sleep 600', { cwd: trap })
      await scene.start('--count', '2')
      await scene.until(failing, { state: 'dead' }, 15_000)
      await scene.until(stubborn, { state: 'processing' }, 15_000)
      await waitFor(async () => (await scene.supervisors())[0]?.rss != null, { within: 15_000, what: 'it is measured' })
      expect((await scene.run('cancel', stubborn)).code).to.equal(0)
      for (const args of [['list'], ['status'], ['show', failing], ['logs', failing], ['worker', 'list']])
        expect((await scene.run(...args)).code, args.join(' ')).to.equal(0)
      expect((await scene.run('worker', 'stop')).code).to.equal(0)
    })
    expect(existsSync(witness) ? readFileSync(witness, 'utf8') : '').to.equal('')
  })

  it('are run by a job that names them: that is its own decision', async () => {
    await inScene({ env: { PATH: `${trap}:${process.env.PATH}` } }, async (scene) => {
      const id = await scene.add('uname -a')
      await scene.start()
      await scene.until(id, { state: 'dead' }, 15_000)
    })
    expect(readFileSync(witness, 'utf8')).to.equal('uname -a\n')
  })

  it('or no PATH at all: workers run jobs, are measured, and report no error (F30)', async () => {
    await inScene({ env: { PATH: '/nonexistent' } }, async (scene) => {
      const id = await scene.add('echo builtin')
      const { ended } = await scene.start()
      await scene.until(id, { state: 'completed' }, 15_000)
      await waitFor(async () => (await scene.supervisors())[0]?.rss != null, { within: 15_000, what: 'it is measured' })
      expect((await scene.run('worker', 'stop')).code).to.equal(0)
      expect((await ended).stderr).to.equal('')
    })
  })
})
