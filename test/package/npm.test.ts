import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { npm } from '../../build/package/tools.ts'
import { ROOT } from '../helpers/sources.ts'
import { tempFolder } from '../helpers/temp.ts'

describe('the npm package', function () {
  this.timeout(180_000)
  this.slow(60_000)

  it('installs, and runs as npx queuectl', () => {
    const folder = tempFolder()
    const [packed] = JSON.parse(npm(['pack', '--json', '--silent', '--pack-destination', folder], { cwd: ROOT }))
    expect(packed.files.map((file: { path: string }) => file.path)).to.have.members([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'dist/mongoose.cjs',
      'dist/queuectl.cjs',
      'package.json',
    ])
    writeFileSync(path.join(folder, 'package.json'), '{"private":true}')
    npm(['install', '--prefer-offline', '--no-audit', '--no-fund', `./${packed.filename}`], { cwd: folder })
    const env = { ...process.env, QUEUECTL_HOME: folder, QUEUECTL_DB: path.join(folder, 'queue.db') }
    const queuectl = (...args: string[]) =>
      execFileSync(process.execPath, [path.join(folder, 'node_modules/queuectl/dist/queuectl.cjs'), ...args], {
        env,
        encoding: 'utf8',
        stdio: 'pipe',
      })
    expect(npm(['exec', '--offline', '--', 'queuectl', '--version'], { cwd: folder, env }).trim()).to.equal(
      packed.version,
    )
    queuectl('enqueue', '--id', 'npm', '--', 'echo packed')
    queuectl('worker', 'start', '--drain')
    expect(queuectl('logs', 'npm').trim()).to.equal('packed')
    expect(() => queuectl('--db', 'mongodb://127.0.0.1:9/none', 'status')).to.throw(/unreachable|not reach|cannot/i)
  })
})
