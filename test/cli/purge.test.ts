import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'

describe('purge @posix', () => {
  it('removes finished jobs of the given age with their runs and logs', async () => {
    const queue = freshQueue()
    const logs = () =>
      readdirSync(path.join(`${queue.db}.d`, 'logs'), { recursive: true }).filter((name) => /\.log$/.test(String(name)))
    await queue.run(['enqueue', '-', '--max-retries', '0'], { input: 'echo 1\necho 2\necho 3; exit 1\n' })
    await queue.drain()
    await queue.ok('enqueue', '--id', 'waits', '--delay', '1h', '--', 'true')
    expect(logs()).to.have.length(3)
    expect(await queue.json('purge', '--state', 'completed', '--older-than', '1h')).to.deep.equal({ purged: 0 })
    expect(await queue.ok('purge', '--state', 'completed')).to.equal('2 jobs removed\n')
    expect(logs()).to.have.length(1)
    expect(await queue.ok('purge', '--state', 'dead,cancelled')).to.equal('1 job removed\n')
    expect(logs()).to.have.length(0)
    expect((await queue.json('list')).map((job: { id: string }) => job.id)).to.deep.equal(['waits'])
  })

  it('refuses states that are not final, and requires a state', async () => {
    const queue = freshQueue()
    expect((await queue.run(['purge', '--state', 'pending'])).code).to.equal(2)
    expect((await queue.run(['purge', '--state', 'completed,ready'])).code).to.equal(2)
    expect((await queue.run(['purge'])).code).to.equal(2)
    expect((await queue.run(['purge', '--state', 'dead', '--older-than', '-1'])).code).to.equal(2)
  })
})
