import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'

describe('requeue @posix', () => {
  const queue = freshQueue()

  it('runs finished jobs again, with attempts from 0, and continues to count runs', async () => {
    await queue.ok('enqueue', '--id', 'dead', '--max-retries', '0', '--', 'exit 1')
    await queue.ok('enqueue', '--id', 'done', '--', 'true')
    await queue.ok('enqueue', '--id', 'off', '--', 'true')
    await queue.ok('cancel', 'off')
    await queue.drain()
    expect(await queue.ok('requeue', 'dead', 'done', 'off')).to.equal('dead requeued\ndone requeued\noff requeued\n')
    expect(await queue.json('show', 'dead')).to.include({ state: 'pending', view: 'ready', attempts: 0, runs: 1 })
    await queue.drain()
    expect(await queue.json('show', 'dead')).to.include({ state: 'dead', attempts: 1, runs: 2 })
  })

  it('does not change a waiting job, exit 1', async () => {
    await queue.ok('enqueue', '--id', 'waits', '--', 'true')
    const { code, stderr } = await queue.run(['requeue', 'waits'])
    expect(code).to.equal(1)
    expect(stderr).to.contain('waits is pending').and.to.contain('only dead, cancelled and completed')
    expect((await queue.run(['requeue', 'nobody'])).code).to.equal(3)
    expect((await queue.run(['requeue'])).code).to.equal(2)
  })
})
