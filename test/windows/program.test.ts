import path from 'node:path'
import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { waitFor } from '../helpers/wait-for.ts'

const NODE = process.execPath
/** Lives until it is killed. */
const LONG = 'ping -n 120 127.0.0.1 >nul'

interface Row {
  id: string
  kind: string
  pid: number
  state: string
  jobs: { id: string; pid: number | null }[]
}

// The program on Windows itself: cmd.exe, PowerShell, processes without signals. It repeats what other tests show with
// sh commands and with signals.
describe('on Windows', function () {
  this.timeout(120_000)
  this.slow(20_000)
  let queue: ReturnType<typeof freshQueue>

  before(function () {
    if (process.platform !== 'win32') skip(this, 'for Windows')
  })
  beforeEach(async () => {
    queue = freshQueue()
    await queue.ok('init')
  })

  const json = (...args: string[]) => queue.json(...args)
  const output = async (id: string) => (await queue.ok('logs', id, '--raw')).replaceAll('\r\n', '\n')
  const rows = (kind: string): Promise<Row[]> =>
    json('worker', 'list').then((all: Row[]) => all.filter((row) => row.kind === kind))
  const worker = (fits: (row: Row) => boolean) =>
    waitFor(async () => (await rows('worker')).find(fits), { within: 30_000, what: 'a worker is as it should be' })
  const gone = (pid: number) => waitFor(() => !lives(pid), { within: 15_000, what: `process ${pid} has ended` })

  describe('a command', () => {
    it('is a line of cmd.exe, which nothing else has parsed before', async () => {
      const commands = {
        plain: ['echo hi', 'hi'],
        special: ['echo "a & b" ^& c | find "b"', '"a & b" & c'],
        block: ['if 1==1 (echo yes) else (echo no)', 'yes'],
        variable: ['echo %GREETING% !x!', 'hello !x!'],
        letters: ['echo é 漢 ß', 'é 漢 ß'],
      }
      for (const [id, [command = '']] of Object.entries(commands)) {
        await queue.ok('enqueue', JSON.stringify({ id, command, env: { GREETING: 'hello' } }))
      }
      expect((await queue.drain()).code).to.equal(0)
      for (const [id, [, said]] of Object.entries(commands)) expect((await output(id)).trim(), id).to.equal(said)
    })

    it('ends with its exit code, which may be large', async () => {
      await queue.ok('enqueue', '--id', 'five', '--max-retries', '0', '--', 'exit 5')
      await queue.ok('enqueue', '--id', 'large', '--max-retries', '0', '--', 'exit -1')
      expect((await queue.drain()).code).to.equal(1)
      expect(await json('show', 'five')).to.include({ state: 'dead', exit_code: 5 })
      expect(await json('show', 'large')).to.include({ state: 'dead', exit_code: 4_294_967_295 })
    })

    it('in several words reaches its program unchanged', async () => {
      const words = ['two words', 'say "hi"', '', '50%', '%PATH%', 'a & b | c > d', '^', '!x!', 'ends in\\', '(x)']
      await queue.ok('enqueue', '--id', 'words', '--', NODE, '-p', 'JSON.stringify(process.argv.slice(1))', ...words)
      await queue.drain()
      expect(JSON.parse(await output('words'))).to.deep.equal(words)
    })

    it('too long for its shell is refused', async () => {
      const { code, stderr } = await queue.run(['enqueue', '--', `echo ${'x'.repeat(8_000)}`])
      expect(code).to.equal(2)
      expect(stderr).to.contain('8000 characters')
    })

    it('runs in PowerShell if the job or the settings request it', async () => {
      await queue.ok(
        'enqueue',
        '--id',
        'job',
        '--shell',
        'powershell',
        '--',
        'Write-Output ("a & b" + [char]233 + "%x%")',
      )
      await queue.ok('config', 'set', 'shell', 'powershell')
      await queue.ok('enqueue', '--id', 'set', '--', '1..3 | ForEach-Object { $_ * 2 } # twice')
      await queue.ok('enqueue', '--id', 'cmd', '--shell', 'cmd', '--', 'echo %OS%')
      await queue.ok('enqueue', '--id', 'code', '--max-retries', '0', '--', 'cmd /c exit 7')
      await queue.ok('enqueue', '--id', 'fails', '--max-retries', '0', '--', 'Get-Item C:\\no\\such\\file')
      expect((await queue.drain()).code).to.equal(1)
      expect(await output('job')).to.equal('a & bé%x%\n')
      expect(await output('set')).to.equal('2\n4\n6\n')
      expect(await output('cmd')).to.equal('Windows_NT\n')
      expect(await json('show', 'code')).to.include({ exit_code: 7 })
      expect(await json('show', 'fails')).to.include({ exit_code: 1 })
    })
  })

  describe('workers', () => {
    it('stay, and stop from another terminal; a job that runs is released', async () => {
      await queue.ok('enqueue', '--id', 'long', '--', LONG)
      const { pid } = await json('worker', 'start', '--detach', '--count', '2', '--grace', '1s')
      const { jobs } = await worker((row) => row.jobs.some((job) => job.pid !== null))
      const workers = await rows('worker')
      expect(workers).to.have.length(2)
      expect((await queue.run(['worker', 'stop'])).code).to.equal(1)
      for (const one of [pid, ...workers.map((row) => row.pid), Number(jobs[0]?.pid)]) await gone(one)
      expect(await json('show', 'long')).to.include({ state: 'pending', attempts: 0, interruptions: 0 })
    })

    it('that are killed are replaced, and their job runs again', async () => {
      const command = `if exist seen (echo again) else (echo x>seen & ${LONG})`
      await queue.ok('enqueue', '--id', 'again', '--', command)
      const { stop } = await queue.workers()
      const { pid, jobs } = await worker((row) => row.jobs.some((job) => job.pid !== null))
      process.kill(pid, 'SIGKILL')
      expect((await queue.run(['wait', 'again', '--timeout', '60s'])).code).to.equal(0)
      await gone(Number(jobs[0]?.pid))
      expect(await json('show', 'again')).to.include({ state: 'completed', attempts: 0, interruptions: 1 })
      await stop()
    })

    it('whose supervisor was killed leave nothing that the next one does not clean up', async () => {
      await queue.ok('enqueue', '--id', 'left', '--', `if exist seen (echo again) else (echo x>seen & ${LONG})`)
      const { pid } = await json('worker', 'start', '--detach')
      const { jobs } = await worker((row) => row.jobs.some((job) => job.pid !== null))
      process.kill(pid, 'SIGKILL')
      await gone(pid)
      const { stop } = await queue.workers()
      expect((await queue.run(['wait', 'left', '--timeout', '60s'])).code).to.equal(0)
      await gone(Number(jobs[0]?.pid))
      await stop()
    })
  })

  it('a job that is cancelled ends with all its processes', async () => {
    const script = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); setInterval(() => {}, 1000); console.log(process.pid)`
    await queue.ok('enqueue', '--id', 'tree', '--', NODE, '-e', script)
    const { stop } = await queue.workers()
    const pid = await waitFor(async () => Number(await output('tree').catch(() => '')), {
      within: 20_000,
      what: 'a pid',
    })
    await queue.ok('cancel', 'tree')
    expect(await json('show', 'tree')).to.include({ state: 'cancelled' })
    await gone(pid)
    await stop()
  })

  it('a job finds queuectl’s own queue, and its folder', async () => {
    await queue.ok('enqueue', '--id', 'outer', '--', 'echo %QUEUECTL_DB% & cd')
    await queue.drain()
    expect((await output('outer')).split('\n').map((line) => line.trim())).to.include.members([
      queue.db,
      path.resolve(queue.home),
    ])
  })
})

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
