import { expect } from 'chai'
import { collect, freshQueue } from '../helpers/queuectl.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('wait @posix', () => {
  const queue = freshQueue()
  const codeOf = async (...args: string[]) => (await queue.run(['wait', ...args])).code

  before(async () => {
    const jobs = {
      good: { command: 'true' },
      seven: { command: 'exit 7' },
      missing: { command: 'no-such-program' },
      killed: { command: 'kill -9 $$' },
      slow: { command: 'sleep 5', timeout: 0.2 },
      gone: { command: 'true', delay: '1h' },
    }
    const input = Object.entries(jobs).map(([id, job]) => JSON.stringify({ id, max_retries: 0, ...job }))
    await queue.run(['enqueue', '-'], { input: input.join('\n') })
    await queue.ok('cancel', 'gone')
    await queue.drain()
  })

  const codes = { good: 0, seven: 7, missing: 127, killed: 137, slow: 124, gone: 130 }
  for (const [id, code] of Object.entries(codes)) {
    it(`exits ${code} for the job "${id}"`, async () => expect(await codeOf(id)).to.equal(code))
  }

  it('exits 0 or 1 for several jobs, and 125 for its own failure', async () => {
    expect(await codeOf('good', 'good')).to.equal(0)
    expect(await codeOf('good', 'seven')).to.equal(1)
    expect(await codeOf('nobody')).to.equal(125)
    expect(await codeOf('good', '--no-such-option')).to.equal(125)
    expect(await codeOf()).to.equal(125)
    expect((await queue.run(['--json', 'wait', '--no-such-option'])).code).to.equal(125)
    expect((await queue.run(['enqueue', '--wait', '--no-such-option', '--', 'exit 2'])).code).to.equal(125)
    const jobs = JSON.parse((await queue.run(['wait', 'good', 'seven', '--json'])).stdout)
    expect(jobs.map((job: { state: string }) => job.state)).to.deep.equal(['completed', 'dead'])
  })

  it('reports that no worker runs, exits 124 after its timeout, and does not change the job', async () => {
    await queue.ok('enqueue', '--id', 'idle', '--', 'true')
    const { code, stderr } = await queue.run(['wait', 'idle', '--timeout', '300ms'])
    expect(code).to.equal(124)
    expect(stderr).to.contain('no worker is running').and.to.contain('job idle continues')
    expect((await queue.json('show', 'idle')).state).to.equal('pending')
    const { stdout } = await queue.run(['wait', 'good', 'idle', '--timeout', '10ms', '--json'])
    expect(JSON.parse(stdout).map((job: { state: string }) => job.state)).to.deep.equal(['completed', 'pending'])
  })

  it('does not change the job at Ctrl-C, reports that, and exits 130', async () => {
    const child = queue.start(['wait', 'idle'])
    let stderr = ''
    child.stderr?.on('data', (chunk) => {
      stderr += chunk
    })
    await waitFor(() => stderr.includes('no worker'), { within: 20_000, what: 'it waits' })
    const ended = collect(child)
    child.kill('SIGINT')
    expect((await ended).code).to.equal(130)
    expect(stderr).to.contain('job idle continues')
    expect((await queue.json('show', 'idle')).state).to.equal('pending')
    await queue.ok('cancel', 'idle')
  })

  it('works the same as enqueue --wait and --follow', async () => {
    const waiting = queue.run(['enqueue', '--wait', '--max-retries', '0', '--', 'exit 9'])
    const following = queue.run(['enqueue', '--follow', '--', 'echo one; sleep 0.2; echo two'])
    await waitFor(async () => (await queue.json('list', '--state', 'ready')).length === 2, {
      within: 20_000,
      what: 'both wait',
    })
    await queue.drain()
    expect((await waiting).code).to.equal(9)
    expect(await following).to.include({ code: 0, stdout: 'one\ntwo\n' })
    expect((await queue.run(['enqueue', '--wait', '{"comand":"x"}'])).code).to.equal(125)
  })

  it('refuses a bad time before anything is enqueued', async () => {
    const id = ['--id', 'early']
    expect((await queue.run(['enqueue', '--wait', '--wait-timeout', 'soon', ...id, '--', 'true'])).code).to.equal(125)
    expect((await queue.run(['enqueue', '--wait-timeout', '5s', ...id, '--', 'true'])).code).to.equal(2)
    expect((await queue.run(['show', 'early'])).code).to.equal(3)
  })

  it('prints one document with enqueue --wait --json', async () => {
    const waiting = queue.run(['enqueue', '--wait', '--json', '--id', 'doc', '--', 'true'])
    await waitFor(async () => (await queue.run(['show', 'doc'])).code === 0, { within: 20_000, what: 'it is enqueued' })
    await queue.drain()
    const { code, stdout } = await waiting
    expect(code).to.equal(0)
    expect(JSON.parse(stdout)).to.include({ id: 'doc', state: 'completed', existing: false })
    const again = await queue.json('enqueue', '--wait', '--id', 'doc', '--', 'true')
    expect(again).to.include({ id: 'doc', state: 'completed', existing: true })
  })
})
