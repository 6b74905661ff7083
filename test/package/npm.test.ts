import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { npm } from '../../build/package/tools.ts'
import { skip } from '../helpers/skip.ts'
import { ROOT } from '../helpers/sources.ts'
import { tempFolder } from '../helpers/temp.ts'

const WINDOWS = process.platform === 'win32'
const OLDEST = 26
/** What the README links to: pages, the picture, the examples. */
const DOCS = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => path.extname(name) !== '')
  .map((name) => `docs/${name.replaceAll(path.sep, '/')}`)

describe('the npm package', function () {
  this.timeout(180_000)
  this.slow(60_000)
  let folder: string
  let bundle: string
  let packed: { filename: string; version: string; files: { path: string }[] }

  before(() => {
    folder = tempFolder()
    bundle = path.join(folder, 'node_modules/queuectl/dist/queuectl.cjs')
    const [made] = JSON.parse(npm(['pack', '--json', '--silent', '--pack-destination', folder], { cwd: ROOT }))
    packed = made
    writeFileSync(path.join(folder, 'package.json'), '{"private":true}')
    npm(['install', '--prefer-offline', '--fetch-retries=5', '--no-audit', '--no-fund', `./${packed.filename}`], {
      cwd: folder,
    })
  })

  it('holds what is run, and nothing else', () => {
    expect(packed.files.map((file) => file.path)).to.have.members([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'dist/THIRD-PARTY-LICENSES',
      'dist/command.cjs',
      'dist/mongoose.cjs',
      'dist/queuectl.cjs',
      'dist/worker.cjs',
      ...DOCS,
      'package.json',
    ])
  })

  it('runs, also as npx queuectl', () => {
    const env = { ...process.env, QUEUECTL_HOME: folder, QUEUECTL_DB: path.join(folder, 'queue.db') }
    const queuectl = (...args: string[]) =>
      execFileSync(process.execPath, [bundle, ...args], { env, encoding: 'utf8', stdio: 'pipe' })
    const version = npm(['exec', '--offline', '--', 'queuectl', '--version'], { cwd: folder, env })
    expect(version.trim()).to.equal(packed.version)
    queuectl('enqueue', '--id', 'npm', '--', 'echo packed')
    queuectl('worker', 'start', '--drain')
    expect(queuectl('logs', 'npm').trim()).to.equal('packed')
    expect(() => queuectl('--db', 'mongodb://127.0.0.1:9/none', 'status')).to.throw(/unreachable|not reach|cannot/i)
  })

  it('says on an older Node which one it needs, exit 78', function () {
    const node = machinesNode()
    const version = node && execFileSync(node, ['-v'], { encoding: 'utf8' }).trim().slice(1)
    if (!node || Number.parseInt(version ?? '', 10) >= OLDEST) skip(this, `no Node older than ${OLDEST}`)
    for (const [file, args] of [
      [node, [bundle, 'status']],
      ...(WINDOWS ? [] : [[path.join(folder, 'node_modules/.bin/queuectl'), ['status']] as const]),
    ] as const) {
      const env = { PATH: path.dirname(node) }
      const { status, stdout, stderr } = spawnSync(file, args, { env, cwd: folder, encoding: 'utf8' })
      expect({ status, stdout }, file).to.deep.equal({ status: 78, stdout: '' })
      expect(stderr).to.equal(`queuectl: needs Node ${OLDEST} or newer, this is Node ${version}\n`)
    }
  })
})

/** The Node that the machine has, whatever npm puts before it on the PATH. */
function machinesNode(): string | undefined {
  const own = (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((entry) => !/[\\/](node_modules|node-gyp-bin)\b/.test(entry))
  return own.map((entry) => path.join(entry, WINDOWS ? 'node.exe' : 'node')).find((file) => existsSync(file))
}
