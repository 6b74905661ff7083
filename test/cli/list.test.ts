import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'

describe('list @fast', () => {
  const queue = freshQueue()
  const ids = async (...args: string[]) => (await queue.json('list', ...args)).map((job: { id: string }) => job.id)

  before(async () => {
    const jobs = [
      { id: 'a', command: `echo ${'long '.repeat(60)}end`, priority: 1 },
      { id: 'b', command: 'grep 100% _file', queue: 'mail' },
      { id: 'c', command: 'later', delay: '1h', queue: 'mail' },
    ]
    await queue.run(['enqueue', '-'], { input: jobs.map((job) => JSON.stringify(job)).join('\n') })
    await queue.ok('enqueue', '--id', 'd', '--', 'true')
    await queue.ok('cancel', 'd')
  })

  it('shows the newest first', async () => {
    expect(await ids()).to.deep.equal(['d', 'c', 'b', 'a'])
    expect(await ids('--sort', 'oldest')).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('filters by state, view, queue and text', async () => {
    expect(await ids('--state', 'pending')).to.deep.equal(['c', 'b', 'a'])
    expect(await ids('--state', 'scheduled')).to.deep.equal(['c'])
    expect(await ids('--state', 'ready', '--queue', 'mail')).to.deep.equal(['b'])
    expect(await ids('--state', 'failed')).to.deep.equal([])
    expect(await ids('--state', 'cancelled')).to.deep.equal(['d'])
    expect(await ids('--search', '100% _')).to.deep.equal(['b'])
  })

  it('continues after the last id of the previous page', async () => {
    const { stdout, stderr } = await queue.run(['list', '--limit', '2'])
    expect(stdout.split('\n')[2]).to.match(/^c /)
    expect(stderr).to.contain('--after c')
    expect(await ids('--limit', '2', '--after', 'c')).to.deep.equal(['b', 'a'])
  })

  it('cuts long commands to the line, and shows whole ones with --wide', async () => {
    const lines = (await queue.ok('list')).trimEnd().split('\n')
    expect(Math.max(...lines.map((line) => line.length))).to.be.at.most(120)
    expect(lines.at(-1)).to.match(/…$/)
    expect((await queue.ok('list', '--wide')).trimEnd()).to.match(/long end$/)
  })

  it('refuses an unknown state or order, and an invalid queue or number', async () => {
    const mistyped = await queue.run(['list', '--state', 'procesing'])
    expect(mistyped.code).to.equal(2)
    expect(mistyped.stderr).to.contain('did you mean processing?')
    const running = await queue.run(['list', '--state', 'running'])
    expect(running.stderr).to.equal('queuectl: unknown state "running"\n  did you mean processing?\n')
    for (const args of [
      ['--sort', 'random'],
      ['--limit', '0'],
      ['--limit', '2.5'],
      ['--limit', '-1'],
      ['--queue', '$ne'],
      ['--after', '../x'],
    ]) {
      expect((await queue.run(['list', ...args])).code, args.join(' ')).to.equal(2)
    }
  })

  it('reports when no job matches', async () => {
    const { code, stdout, stderr } = await queue.run(['list', '--queue', 'none'])
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: '', stderr: 'queuectl: no jobs\n' })
  })
})
