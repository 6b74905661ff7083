import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { type Host, Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Size of each output in the store, and of each log, in bytes. */
const LOG_TAIL = 4096
const LOG_LIMIT = 8192

describe('the output of a job that ran on another host @posix', function () {
  this.timeout(90_000)
  let scene: Scene
  let here: Host
  let there: Host
  before(async function () {
    await needsMongo.call(this)
    scene = await Scene.open({ address: (await mongoServer()).url() })
    await scene.store.setConfig({ key: 'log_tail', value: LOG_TAIL })
    await scene.store.setConfig({ key: 'log_limit', value: LOG_LIMIT })
    here = scene.host('here')
    there = scene.host('there')
    await there.start('--concurrency', '4')
  })
  after(() => scene?.finish())

  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await here.run(...args)
    expect(code, stderr).to.equal(0)
    return { stdout, stderr }
  }
  const json = async (...args: string[]) => JSON.parse((await ok('--json', ...args)).stdout)
  /** A finished job of the other host whose last bytes are in the store: a slow store may get them after the result. */
  const ran = async (command: string, wrote = true) => {
    const id = await scene.add(command)
    await waitFor(async () => (await scene.job(id)).finished_at, { within: 20_000, what: 'the end of the job' })
    if (wrote) await waitFor(async () => (await kept(id))?.ended, { within: 20_000, what: 'the end of its output' })
    return id
  }
  const kept = async (id: string) => scene.store.output({ token: (await scene.runs(id))[0]?.token ?? '' })

  /** In a command: waits for `go(name)`. */
  const until = (name: string) => `until [ -e ${name} ]; do sleep 0.05; done`
  const go = (name: string) => writeFileSync(path.join(scene.home, name), '')

  it('is read byte for byte, and cannot control the terminal', async () => {
    const id = await ran(`printf 'one\\n\\033[31mred\\000 \\303\\274\\377\\nend'`)
    for (const args of [[], ['--raw'], ['--follow', '--tail', '2']]) {
      const { stdout, stderr } = await ok('logs', id, ...args)
      expect([stdout, stderr], args.join(' ')).to.deep.equal([(await there.run('logs', id, ...args)).stdout, ''])
    }
    expect((await ok('logs', id)).stdout).to.equal('one\n\\x1b[31mred\\x00 ü\ufffd\nend')
    expect(await json('logs', id)).to.deep.include({ run: 1, outcome: 'completed' })
    expect((await json('logs', id)).log).to.include({ here: false, missing: 0 })
  })

  it('that is longer than what is kept: reports how much is missing, and where the whole log is @slow', async () => {
    const id = await ran('seq 1 1500; exit 3')
    const whole = (await there.run('logs', id)).stdout
    const { stdout, stderr } = await ok('logs', id)
    expect(stdout).to.equal(whole.slice(-LOG_TAIL))
    const [, missing, host, file = ''] = /first (\d+) bytes of run 1 .* on (\S+): (\S+)\n/.exec(stderr) ?? []
    expect(Number(missing)).to.equal(whole.length - LOG_TAIL)
    expect(readFileSync(file, 'utf8')).to.equal(whole)
    expect(await ok('logs', id, '--tail', '2')).to.deep.equal({ stdout: '1499\n1500\n', stderr: '' })
    expect((await ok('logs', id, '--tail', '2000')).stderr).to.contain(file)
    const log = { host, path: file, here: false, missing: Number(missing) }
    expect(await json('logs', id)).to.deep.include({ log, output: stdout })
    expect((await json('show', id)).last_log).to.deep.equal(log)
    expect((await json('show', id)).last_output).to.deep.equal(whole.trim().split('\n').slice(-10))
    const shown = await ok('dlq', 'show', id)
    expect(shown.stdout).to.match(/Last output \(run 1\)\n1491\n.*1500\n$/s)
    expect(shown.stderr).to.contain(file)
    expect((await there.run('show', id)).stderr).to.equal('')
  })

  it('whose log was cut: counts every byte @slow', async () => {
    const id = await ran('seq 1 20000')
    const whole = numbers(20_000)
    const { log, output } = await json('logs', id)
    expect(output).to.equal(whole.slice(-output.length))
    expect(output.length).to.be.within(1_000, LOG_LIMIT / 2)
    expect(log.missing).to.equal(whole.length - output.length)
  })

  it('that does not exist: reports where it would be @slow', async () => {
    const id = await ran('true', false)
    for (const command of ['logs', 'show']) {
      expect((await ok(command, id)).stderr).to.match(/no output of run 1; its log is on \S+\n/)
    }
    expect(await json('show', id)).to.deep.include({ last_output: [] })
    expect((await json('show', id)).last_log).to.include({ path: null, here: false, missing: null })
  })

  it('that killed its worker: its last words are stored @slow', async () => {
    const id = await scene.add('echo last words; kill -9 $PPID; sleep 30', { max_interruptions: 1 })
    await scene.until(id, { state: 'dead', reason: 'poison' }, 20_000)
    await waitFor(async () => (await kept(id))?.bytes, { within: 20_000, what: 'its output' })
    expect(await ok('logs', id)).to.deep.equal({ stdout: 'last words\n', stderr: '' })
    expect((await json('dlq', 'show', id)).history[0]).to.deep.include({ last_output: ['last words'] })
  })

  it('is followed while it runs, through retries @slow', async () => {
    const policy = { max_retries: 1, backoff_base: 0 }
    const id = await scene.add(`echo first; ${until('followed.$QUEUECTL_RUN')}; echo second; exit 1`, policy)
    const following = here.begin('logs', id, '--follow')
    await waitFor(() => following.said() === 'first\n', { within: 20_000, what: 'the first line' })
    expect(await scene.job(id)).to.include({ state: 'processing', runs: 1 })
    go('followed.1')
    await waitFor(() => following.said() === 'first\nsecond\nfirst\n', { within: 20_000, what: 'the second run' })
    go('followed.2')
    const { code, stdout, stderr } = await following.ended
    expect([code, stdout]).to.deep.equal([0, 'first\nsecond\nfirst\nsecond\n'])
    expect(stderr).to.equal('queuectl: run 2\n')
  })

  it('that grows faster than it is kept: reports how many bytes were missed, and where they are @slow', async () => {
    // Each half in one write: a partly written half would miss nothing.
    const command = `seq 1 1500 >one; seq 1501 4000 >two; cat one; ${until('shown')}; cat two`
    const following = here.begin('enqueue', '--follow', '--json', '--', command)
    await waitFor(() => following.said().includes('\\n1500\\n'), { within: 20_000, what: 'the end of the first half' })
    go('shown')
    const { code, stdout, stderr } = await following.ended
    expect(code, stderr).to.equal(0)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const parts = lines.filter((line) => 'output' in line)
    const whole = numbers(4_000)
    let at = 0
    for (const { output, missing = 0 } of parts) {
      at += missing
      expect(output).to.equal(whole.slice(at, at + output.length))
      at += output.length
    }
    expect(at).to.equal(whole.length)
    const gaps = parts.filter(({ missing }) => missing > 0)
    expect(gaps).to.have.length.at.least(2)
    for (const { log } of gaps) expect(readFileSync(log.path, 'utf8')).to.match(/^1\n2\n/)
  })

  it('is reported as missing to people too @slow', async () => {
    const id = await ran('seq 1 1500')
    const { stdout, stderr } = await ok('logs', id, '--follow')
    expect(stdout).to.have.length(LOG_TAIL)
    expect(stderr).to.match(/^queuectl: 2297 bytes of run 1 are missing here; the whole log is on \S+: \S+\n$/)
  })
})

const numbers = (last: number) => Array.from({ length: last }, (_, i) => `${i + 1}\n`).join('')
