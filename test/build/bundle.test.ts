import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { KILL_POINTS } from '../../src/platform/kill-point.ts'
import { collect } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { ROOT } from '../helpers/sources.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('the bundle', function () {
  this.timeout(90_000)
  let folder: string
  let file: string

  before(() => {
    folder = tempFolder()
    execFileSync(process.execPath, [path.join(ROOT, 'build/bundle.ts'), '--quiet', folder])
    file = path.join(folder, 'queuectl.cjs')
  })

  it('runs a job from enqueue to end, including every lazy import', () => {
    const home = tempFolder()
    const [job] = JSON.parse(run(home, 'enqueue', '--json', '-', { input: '{"id":"one","command":"echo done"}\n' }))
    expect(job).to.include({ id: 'one', state: 'pending' })
    run(home, 'worker', 'start', '--count', '2', '--drain')
    expect(JSON.parse(run(home, 'show', 'one', '--json'))).to.include({ state: 'completed' })
    expect(run(home, 'logs', 'one')).to.equal('done\n')
  })

  it('contains no kill points', () => {
    const home = tempFolder()
    const points = tempFolder()
    for (const point of KILL_POINTS) writeFileSync(path.join(points, point), '')
    const env = { PATH: process.env.PATH, QUEUECTL_HOME: home, QUEUECTL_KILL_POINTS: points }
    execFileSync(process.execPath, [file, 'enqueue', '--id', 'one', '--', 'true'], { env })
    execFileSync(process.execPath, [file, 'worker', 'start', '--drain'], { env })
    expect(JSON.parse(run(home, 'show', 'one', '--json'))).to.include({ state: 'completed', runs: 1 })
    expect(readdirSync(points).sort()).to.deep.equal([...KILL_POINTS].sort())
    for (const name of readdirSync(folder))
      expect(readFileSync(path.join(folder, name), 'utf8')).to.not.match(/KILL_POINTS/)
  })

  it('refuses workers of a newer build that replaced it: its jobs finish, exit 75 (F30)', async () => {
    const home = tempFolder()
    const mine = path.join(home, 'mine')
    cpSync(folder, mine, { recursive: true })
    const env = { PATH: process.env.PATH, QUEUECTL_HOME: home }
    const go = path.join(home, 'go')
    run(home, 'enqueue', '--id', 'one', '--', `until [ -e '${go}' ]; do sleep 0.05; done`)
    const child = spawn(process.execPath, [path.join(mine, 'queuectl.cjs'), 'worker', 'start', '--count', '2'], { env })
    const ended = collect(child)
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    const idle = await waitFor(
      () => {
        const rows: { kind: string; state: string; pid: number }[] = JSON.parse(run(home, 'worker', 'list', '--json'))
        return rows.some(({ state }) => state === 'busy') && rows.find(({ state }) => state === 'idle')
      },
      { within: 20_000, what: 'one works, one does not' },
    )
    const { version } = JSON.parse(run(home, 'version', '--json'))
    const worker = path.join(mine, 'worker.cjs')
    const other = path.join(mine, 'other.cjs')
    writeFileSync(other, readFileSync(worker, 'utf8').replaceAll(`"${version}"`, `"${version}.9"`))
    renameSync(other, worker)
    process.kill(idle.pid, 'SIGKILL')
    await waitFor(() => said.includes(`was replaced by ${version}.9`), {
      within: 20_000,
      what: 'it reports the other build',
    })
    writeFileSync(go, '')
    expect(await ended).to.include({ code: 75 })
    expect(JSON.parse(run(home, 'show', 'one', '--json'))).to.include({ state: 'completed', runs: 1 })
    expect(JSON.parse(run(home, 'worker', 'list', '--json'))).to.deep.equal([])
  })

  it('loads no slow part of Node that a short command does not use', () => {
    const home = tempFolder()
    const report = path.join(home, 'report.cjs')
    const loaded = path.join(home, 'loaded.json')
    writeFileSync(
      report,
      `const before = new Set(process.moduleLoadList), { writeFileSync } = require('node:fs')
      const since = () => process.moduleLoadList.filter((name) => !before.has(name))
      process.on('exit', () => writeFileSync(${JSON.stringify(loaded)}, JSON.stringify(since())))`,
    )
    for (const words of [['--help'], ['enqueue', '--', 'true'], ['list']]) {
      const env = { PATH: process.env.PATH, QUEUECTL_HOME: home }
      execFileSync(process.execPath, ['--require', report, file, ...words], { env })
      const names: string[] = JSON.parse(readFileSync(loaded, 'utf8'))
      expect(names).to.include('NativeModule vm')
      const slow =
        /^NativeModule (?:child_process|cluster|crypto|os|perf_hooks|readline|timers\/promises|v8|worker_threads)$/
      expect(
        names.filter((name) => slow.test(name)),
        words.join(' '),
      ).to.deep.equal([])
    }
  })

  it('reports the required version when Node is too old', () => {
    const text = readFileSync(file, 'utf8').replace(/process\.versions\.node/g, '"20.19.0"')
    const old = path.join(tempFolder(), 'old.cjs')
    writeFileSync(old, text)
    const { status, stdout, stderr } = spawnSync(process.execPath, [old, 'status'], { encoding: 'utf8' })
    expect({ status, stdout }).to.deep.equal({ status: 78, stdout: '' })
    expect(stderr).to.equal('queuectl: needs Node 26 or newer, this is Node 20.19.0\n')
  })

  it('keeps compiled code where only its owner can write, and runs no other', function () {
    if (!process.getuid) skip(this, 'no file modes on Windows')
    const home = tempFolder()
    run(home, 'version')
    const [name] = readdirSync(path.join(home, 'cache'))
    const cache = path.join(home, 'cache', name ?? '')
    expect(statSync(cache).mode & 0o777).to.equal(0o600)
    const good = readFileSync(cache)

    writeFileSync(cache, 'not compiled code')
    expect(run(home, 'version')).to.match(/^queuectl /)
    expect(readFileSync(cache).length, 'an invalid cache is replaced').to.be.above(good.length / 2)

    writeFileSync(cache, 'written by somebody else')
    chmodSync(cache, 0o666)
    expect(run(home, 'version')).to.match(/^queuectl /)
    expect(statSync(cache).mode & 0o777, 'and one that others may write, without being read').to.equal(0o600)
  })

  it('works without a place for its cache', () => {
    const home = path.join(tempFolder(), 'file')
    writeFileSync(home, '')
    expect(run(home, 'version')).to.match(/^queuectl /)
  })

  function run(home: string, ...args: (string | { input: string })[]): string {
    const options = args.filter((arg) => typeof arg === 'object')
    const words = args.filter((arg) => typeof arg === 'string')
    const env = { PATH: process.env.PATH, QUEUECTL_HOME: home }
    return execFileSync(process.execPath, [file, ...words], { env, encoding: 'utf8', ...options[0] })
  }
})
