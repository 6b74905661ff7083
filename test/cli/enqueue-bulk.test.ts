import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'

describe('enqueue of many jobs @fast', () => {
  let queue: ReturnType<typeof freshQueue>
  beforeEach(() => {
    queue = freshQueue()
  })

  const commands = async () =>
    (await queue.json('list', '--sort', 'oldest')).map((job: { command: string }) => job.command)

  it('reads JSON objects and bare commands from stdin, in order', async () => {
    const input = '\ufeff{"id":"a","command":"one"}\r\n\n  echo two # bare\n{"command":"three"}'
    const { code, stdout } = await queue.run(['enqueue', '-', '--queue', 'q'], { input })
    expect(code).to.equal(0)
    expect(stdout.split('\n')).to.have.length(4)
    expect(await commands()).to.deep.equal(['one', '  echo two # bare', 'three'])
    expect((await queue.json('list', '--queue', 'q')).length).to.equal(3)
  })

  it('prints an array with --json, even for one job', async () => {
    writeFileSync(path.join(queue.home, 'jobs.ndjson'), 'echo 1\n')
    expect(await queue.json('enqueue', '--file', 'jobs.ndjson')).to.have.length(1)
  })

  it('names the number of a bad line and enqueues nothing', async () => {
    await queue.ok('init')
    const { code, stdout, stderr } = await queue.run(['enqueue', '-'], {
      input: 'echo 1\n\n{"command":"x","prio":1}\necho 4\n',
    })
    expect(code).to.equal(2)
    expect(stdout).to.equal('')
    expect(stderr).to.match(/^queuectl: line 3: unknown key "prio"/)
    expect(await commands()).to.deep.equal([])
  })

  it('enqueues the good lines with --keep-going, reports the others, and exits 2', async () => {
    await queue.ok('enqueue', '{"id":"taken","command":"x"}')
    const input = 'echo 1\n{"command":}\n{"id":"taken","command":"y"}\n{"command":"z","cwd":"/no/such"}\necho 5\n'
    const { code, stdout, stderr } = await queue.run(['enqueue', '-', '--keep-going'], { input })
    expect(code).to.equal(2)
    expect(stdout.trim().split('\n')).to.have.length(2)
    expect(stderr.match(/line \d/g)).to.have.members(['line 2', 'line 3', 'line 4'])
    expect(await commands()).to.deep.equal(['x', 'echo 1', 'echo 5'])
  })

  it('enqueues nothing when one of the ids is in use', async () => {
    await queue.ok('enqueue', '{"id":"taken","command":"x"}')
    const { code, stderr } = await queue.run(['enqueue', '-'], { input: 'echo 1\n{"id":"taken","command":"y"}\n' })
    expect(code).to.equal(3)
    expect(stderr).to.match(/^queuectl: line 2: the id "taken" belongs to another job\n/)
    const twice = '{"id":"new","command":"a"}\n{"id":"new","command":"a"}\n{"id":"new","command":"b"}\n'
    expect((await queue.run(['enqueue', '-'], { input: twice })).stderr).to.contain('line 3: the id "new"')
    expect(await commands()).to.deep.equal(['x'])
  })

  it('refuses binary input, empty input, and a file that does not exist', async () => {
    expect((await queue.run(['enqueue', '-'], { input: Buffer.from([0x80, 0x0a]) })).code).to.equal(2)
    expect((await queue.run(['enqueue', '-'], { input: '\n \n' })).code).to.equal(2)
    expect((await queue.run(['enqueue', '--file', 'nowhere'])).code).to.equal(74)
    expect((await queue.run(['enqueue', '-', '--id', 'x'], { input: 'a\n' })).code).to.equal(2)
  })

  it('reads what Windows PowerShell writes', async () => {
    const input = Buffer.from('\ufeffecho ü\r\n', 'utf16le')
    expect((await queue.run(['enqueue', '-'], { input })).code).to.equal(0)
    expect(await commands()).to.deep.equal(['echo ü'])
  })

  it('keeps the order of thousands of jobs', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `echo ${i}`)
    await queue.run(['enqueue', '-'], { input: lines.join('\n') })
    const listed = await queue.json('list', '--sort', 'order', '--limit', '3000')
    expect(listed.map((job: { command: string }) => job.command)).to.deep.equal(lines)
  })
})
