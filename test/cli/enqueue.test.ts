import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { platform } from '../../src/platform/platform.ts'
import { freshQueue } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'

describe('enqueue @fast', () => {
  let queue: ReturnType<typeof freshQueue>
  beforeEach(() => {
    queue = freshQueue()
  })

  const enqueue = async (...args: string[]) => queue.json('enqueue', ...args)
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await queue.run(['enqueue', ...args])
    expect(code, stderr).to.equal(2)
    expect(stdout).to.equal('')
    expect(stderr.trimEnd().split('\n')).to.have.length.within(1, 2)
    return stderr
  }

  it('accepts a job as JSON and prints its id', async () => {
    const id = (await queue.ok('enqueue', '{"command":"echo Hello && sleep 1","max_retries":5}')).trim()
    const job = await queue.json('show', id)
    expect(job).to.include({
      command: 'echo Hello && sleep 1',
      max_retries: 5,
      state: 'pending',
      queue: 'default',
      attempts: 0,
    })
  })

  it('stores every given field, with - or _ in keys', async () => {
    mkdirSync(path.join(queue.home, 'work'))
    const given = { id: 'a.b_c-1', queue: 'mail', priority: -7, timeout: '5m', 'backoff-base': 1.5, backoff_max: 60 }
    const job = await enqueue(
      JSON.stringify({ command: 'x', cwd: 'work', env: { B: '2', A: '1' }, delay: '1h', ...given }),
    )
    expect(job).to.deep.include({
      id: 'a.b_c-1',
      queue: 'mail',
      priority: -7,
      timeout: 300,
      backoff_base: 1.5,
      backoff_max: 60,
    })
    expect(job).to.deep.include({ cwd: path.join(queue.home, 'work'), env: { A: '1', B: '2' }, view: 'scheduled' })
    expect(Date.parse(job.next_run_at) - Date.parse(job.created_at)).to.equal(3_600_000)
  })

  it('uses the settings of the store as defaults', async () => {
    await queue.ok('config', 'set', 'max-retries', '9')
    expect((await enqueue('{"command":"x"}')).max_retries).to.equal(9)
  })

  it('accepts the complete JSON of a job that has not run', async () => {
    const times = { created_at: '2025-11-04T10:30:00Z', updated_at: '2025-11-04T10:30:00Z' }
    const job = { id: 'job1', command: 'echo hi', state: 'pending', attempts: 0, max_retries: 3, ...times }
    expect((await enqueue(JSON.stringify(job))).id).to.equal('job1')
    const copy = await queue.json('show', 'job1')
    expect((await enqueue(JSON.stringify({ ...copy, id: 'job2' }))).id).to.equal('job2')
    expect(await refused('{"command":"x","state":"completed"}')).to.contain('state must be "pending"')
    expect(await refused('{"command":"x","attempts":2}')).to.contain('attempts must be 0')
    expect(await refused('{"command":"x","history":[{}]}')).to.contain('history must be []')
  })

  it('quotes the words after -- for the shell, and keeps a single word as a shell command line', async function () {
    // Quoted for sh here; test/windows tests other shells.
    if (process.platform === 'win32') return skip(this, 'not for Windows')
    expect((await enqueue('--', 'printf', '%s|', 'a b', "it's", '', '$HOME', '*')).command).to.equal(
      `printf '%s|' 'a b' 'it'\\''s' '' '$HOME' '*'`,
    )
    expect((await enqueue('--', 'echo $HOME | wc')).command).to.equal('echo $HOME | wc')
    expect((await enqueue('--queue', 'q', '--', 'ls', '--json', '-l')).command).to.equal('ls --json -l')
    expect((await enqueue('--', 'A=b', 'if')).command).to.equal("'A=b' if")
  })

  it('accepts options with a command or JSON, but no field twice', async () => {
    const options = ['--priority', '3', '--timeout', 'none', '--env', 'A=b=c', '--env', 'B=', '--max-retries', '0']
    const job = await enqueue(...options, '--run-at', '2126-01-31T18:00:00Z', '{"command":"x"}')
    expect(job).to.deep.include({ priority: 3, timeout: null, env: { A: 'b=c', B: '' }, max_retries: 0 })
    expect(job.next_run_at).to.equal('2126-01-31T18:00:00.000Z')
    expect(await refused('--queue', 'a', '{"command":"x","queue":"b"}')).to.contain('queue is given twice')
    expect(await refused('{"command":"x","max-retries":1,"max_retries":2}')).to.contain('max_retries is given twice')
    expect(await refused('--file', 'x', '--', 'y')).to.contain('more than one way')
    expect(await refused('echo', 'hi')).to.contain('must follow --')
  })

  it('R10: enqueues the same id with the same content once, and refuses it with other content', async () => {
    const job = '{"id":"once","command":"echo 1"}'
    expect(await enqueue(job)).to.include({ existing: false })
    expect(await enqueue(job)).to.include({ id: 'once', existing: true })
    expect((await queue.run(['enqueue', '{"id":"once","command":"echo 2"}'])).code).to.equal(3)
    expect(await queue.json('list')).to.have.length(1)
  })

  it('reports where JSON is malformed', async () => {
    expect(await refused('{"command": hi}')).to.contain('at column 13: unexpected "h"')
    expect(await refused('{"command": "hi"\n "id": 1}')).to.contain('at line 2, column 2: unexpected')
    expect(await refused('{"command": "hi"')).to.contain('at column 17: unexpected end')
    expect(await refused('{command:hi}')).to.contain('at column 2: unexpected')
    expect(await refused('["x"]')).to.contain('not an array')
  })

  it('shows how to type JSON when a shell has removed its quotes', async () => {
    expect(await refused('{command:hi}')).to.contain(platform.json_hint)
    expect(await refused('{command:echo', 'hi}')).to.contain(`removed the quotes of the JSON\n  ${platform.json_hint}`)
    expect(await refused("'{command:echo", "hi}'")).to.contain('removed the quotes of the JSON')
    expect(await refused('echo', '{x}')).to.contain('must follow --')
  })

  it('refuses a bad job with the name of its key, in one line and a hint', async () => {
    expect(await refused('{"command":"x","max_retires":1}')).to.equal(
      'queuectl: unknown key "max_retires"\n  did you mean max_retries?\n',
    )
    expect(await refused('{"command":"x","cwd":"/no/such/folder"}')).to.match(/cwd \S+no.such.folder does not exist/)
    expect(await queue.json('list')).to.deep.equal([])
  })

  it('refuses a shell that this system does not have', async function () {
    if (process.platform === 'win32') return skip(this, 'not for Windows')
    expect(await refused('--shell', 'powershell', '--', 'x')).to.contain('no shell "powershell" on this system')
    expect(await refused('{"command":"x","shell":"cmd"}')).to.contain('no shell "cmd" on this system')
    expect(await enqueue('{"command":"x","shell":"default"}')).to.include({ shell: 'default' })
  })

  it('refuses bad options with the name of their field', async () => {
    expect(await refused('--priority', 'high', '--', 'x')).to.contain('priority cannot be "high"')
    expect(await refused('--env', 'A', '--', 'x')).to.contain('NAME=value')
    expect(await refused('--')).to.contain('command is empty')
    expect(await refused()).to.contain('nothing to enqueue')
  })
})
