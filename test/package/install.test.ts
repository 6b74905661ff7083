import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { expect } from 'chai'
import { tarXz, zip } from '../../build/package/archive.ts'
import { exists } from '../../build/package/tools.ts'
import { collect, type Ended } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { ROOT } from '../helpers/sources.ts'
import { tempFolder } from '../helpers/temp.ts'
import { executable, HOST, run } from './executables.ts'

const VERSION: string = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).version
const MAC = 'queuectl-macos-arm64.tar.xz'

describe('install.sh', function () {
  this.timeout(120_000)
  this.slow(20_000)
  let releases: string
  let server: Server
  let home: string

  before(async function () {
    this.timeout(900_000)
    if (HOST === undefined || process.platform === 'win32' || !exists('xz'))
      return skip(this, 'no executable for this system, or no xz')
    releases = publish()
    server = await serve(releases)
  })
  after(() => server?.close())
  beforeEach(() => {
    home = tempFolder()
  })

  it('installs the latest version, which runs, and says what to do next', async () => {
    const { code, stderr } = await install()
    expect(code, stderr).to.equal(0)
    const program = path.join(home, '.local/bin/queuectl')
    expect(run(program, ['--version'], { cwd: home }).stdout).to.equal(`${VERSION}\n`)
    expect(statSync(program).mode & 0o777).to.equal(0o755)
    expect(stderr).to.contain('is not on your PATH').and.to.contain('queuectl worker start')
  })

  it('takes a folder with blanks, and a version; an older program is replaced', async () => {
    const folder = path.join(home, 'my programs')
    mkdirSync(folder)
    writeFileSync(path.join(folder, 'queuectl'), 'older')
    const { code, stderr } = await install('--dir', 'my programs', '--version', `v${VERSION}`)
    expect(code, stderr).to.equal(0)
    expect(stderr).to.contain(`export PATH="${folder}:$PATH"`)
    expect(run(path.join(folder, 'queuectl'), ['--version'], { cwd: home }).stdout).to.equal(`${VERSION}\n`)
  })

  it('takes a Mac’s own programs: no xz, which its tar knows by itself, and no sha256sum', async () => {
    const bin = path.join(home, 'bin')
    mkdirSync(bin)
    for (const name of ['awk', 'cat', 'chmod', 'cp', 'curl', 'mkdir', 'mktemp', 'mv', 'rm']) {
      const found = run('/bin/sh', ['-c', `command -v ${name}`], { cwd: home, env: { PATH: process.env.PATH ?? '' } })
      symlinkSync(found.stdout.trim(), path.join(bin, name))
    }
    writeProgram(path.join(bin, 'uname'), 'case $1 in -s) echo Darwin ;; *) echo arm64 ;; esac')
    writeProgram(path.join(bin, 'tar'), `[ "$1" = -xJf ] && PATH='${process.env.PATH}' && xz -dc "$2" | tar -xf -`)
    writeProgram(path.join(bin, 'shasum'), `[ "$*" = "-a 256 $3" ] && PATH='${process.env.PATH}' && sha256sum "$3"`)
    const { code, stderr } = await install('--dir', home, '--version', VERSION, { PATH: bin })
    expect(code, stderr).to.equal(0)
    expect(run(path.join(home, 'queuectl'), ['--version'], { cwd: home }).stdout).to.equal(`${VERSION}\n`)
  })

  it('installs nothing of what has another sum', async () => {
    const sums = path.join(releases, 'latest/download/SHA256SUMS')
    const good = readFileSync(sums, 'utf8')
    writeFileSync(
      sums,
      good.replace(/^./gm, (digit) => (digit === '0' ? '1' : '0')),
    )
    const { code, stderr } = await install()
    writeFileSync(sums, good)
    expect({ code, installed: existsSync(path.join(home, '.local')) }).to.deep.equal({ code: 1, installed: false })
    expect(stderr).to.contain('is wrong; nothing was installed')
  })

  it('says so when there is no such version, or it does not know where to look', async () => {
    expect((await install('--version', '0.0.0')).stderr).to.contain('cannot download ')
    expect((await install('--nonsense')).code).to.equal(1)
    expect((await install('--help')).stdout).to.contain('--version X.Y.Z')
    const lost = run('/bin/sh', [path.join(ROOT, 'build/install/install.sh')], { cwd: home, env: { HOME: home } })
    expect(lost.code).to.equal(1)
    expect(lost.stderr).to.contain('QUEUECTL_BASE_URL')
  })

  function writeProgram(file: string, script: string): void {
    writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  function install(...words: (string | { PATH: string })[]): Promise<Ended> {
    const args = words.filter((word) => typeof word === 'string')
    const { port } = server.address() as AddressInfo
    // As a user: root's programs go where all find them.
    const script = path.join(ROOT, 'build/install/install.sh')
    const dir = args.includes('--dir') ? [] : ['--dir', path.join(home, '.local/bin')]
    const [{ PATH } = process.env] = words.filter((word) => typeof word === 'object')
    const env = { HOME: home, PATH, QUEUECTL_BASE_URL: `http://127.0.0.1:${port}` }
    return collect(spawn('/bin/sh', [script, ...dir, ...args], { cwd: home, env }))
  }
})

describe('install.ps1', function () {
  this.timeout(120_000)
  this.slow(60_000)

  it('installs the latest version, which runs', async function () {
    // It changes the PATH of the user, which a machine that is somebody's own keeps.
    if (HOST?.platform !== 'win' || !process.env.CI)
      return skip(this, 'changes the PATH of the user: for Windows in CI')
    const home = tempFolder()
    const server = await serve(publish())
    const { port } = server.address() as AddressInfo
    const script = path.join(ROOT, 'build/install/install.ps1')
    const args = ['-NoProfile', '-ExecutionPolicy', 'Bypass', '-File', script, '-Dir', 'my programs']
    const env = { ...process.env, QUEUECTL_BASE_URL: `http://127.0.0.1:${port}` }
    const { code, stdout, stderr } = await collect(spawn('powershell.exe', args, { cwd: home, env }))
    server.close()
    expect(code, stderr).to.equal(0)
    expect(stdout)
      .to.contain('queuectl worker start')
      .and.to.match(/ in [A-Z]:\\.*my programs/)
    const installed = run(path.join(home, 'my programs', 'queuectl.exe'), ['--version'], {
      cwd: home,
      env: { SystemRoot: process.env.SystemRoot ?? '' },
    })
    expect(installed.stdout).to.equal(`${VERSION}\n`)
  })
})

describe('the archives', () => {
  const entries = [{ name: 'README.md', file: path.join(ROOT, 'README.md'), executable: false }]

  it('hold the same bytes whenever they are made, and what was put in', function () {
    if (!exists('xz') || !exists('unzip', ['-v'])) skip(this, 'no xz or no unzip')
    const folder = tempFolder()
    const read = (name: string) => readFileSync(path.join(folder, name))
    for (const [name, write] of [
      ['tar.xz', tarXz],
      ['zip', zip],
    ] as const) {
      write(path.join(folder, `1.${name}`), entries, 1_700_000_000)
      write(path.join(folder, `2.${name}`), entries, 1_700_000_000)
      expect(read(`1.${name}`).equals(read(`2.${name}`)), name).to.equal(true)
    }
    const options = { cwd: folder, env: { PATH: process.env.PATH ?? '' } }
    expect(run('tar', ['-xJf', '1.tar.xz'], options).code).to.equal(0)
    expect(read('README.md').equals(readFileSync(path.join(ROOT, 'README.md')))).to.equal(true)
    expect(run('unzip', ['-qo', '1.zip', '-d', 'unzipped'], options).code).to.equal(0)
    expect(read('unzipped/README.md').equals(read('README.md'))).to.equal(true)
  })
})

/** Serves the files of a folder on this machine alone. */
async function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const file = path.join(folder, path.normalize(request.url ?? ''))
    if (!existsSync(file)) response.writeHead(404).end()
    else response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/**
 * Folders as the pages of a release have them: the program of this machine is the latest, in an archive that is made
 * quickly. What is had by its version is a script that knows its version, for there are 100 MB to be moved about with
 * the former.
 */
function publish(): string {
  const folder = tempFolder()
  const script = path.join(folder, 'queuectl')
  writeFileSync(script, `#!/bin/sh\necho ${VERSION}\n`)
  put(path.join(folder, 'latest/download'), HOST ? executable(HOST) : '', archiveName())
  if (HOST?.platform !== 'win') put(path.join(folder, `download/v${VERSION}`), script, ...new Set([archiveName(), MAC]))
  return folder
}

function archiveName(): string {
  return `queuectl-${HOST?.name}.${HOST?.platform === 'win' ? 'zip' : 'tar.xz'}`
}

/** Makes archives of those names with the program in it, and the list of their sums. */
function put(folder: string, file: string, ...names: string[]): void {
  mkdirSync(folder, { recursive: true })
  const sums = names.map((name) => {
    const archive = path.join(folder, name)
    // A zip knows no time before 1980.
    if (name.endsWith('.zip')) zip(archive, [{ name: 'queuectl.exe', file, executable: true }], 1_700_000_000)
    else tarXz(archive, [{ name: 'queuectl', file, executable: true }], 0, 0)
    return `${createHash('sha256').update(readFileSync(archive)).digest('hex')}  ${name}\n`
  })
  writeFileSync(path.join(folder, 'SHA256SUMS'), sums.join(''))
}
