import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'

describe('dlq @posix', () => {
  const queue = freshQueue()
  const ids = async (...args: string[]) =>
    (await queue.json('dlq', 'list', ...args)).map((job: { id: string }) => job.id)

  before(async () => {
    const jobs = ['a', 'b', 'c'].map((id) => ({
      id,
      command: 'exit 1',
      max_retries: 0,
      queue: id === 'c' ? 'mail' : 'default',
    }))
    await queue.run(['enqueue', '-'], {
      input: [...jobs, { id: 'good', command: 'true' }].map((job) => JSON.stringify(job)).join('\n'),
    })
    await queue.drain()
  })

  it('lists only dead jobs, the latest first', async () => {
    expect(await ids()).to.deep.equal(['c', 'b', 'a'])
    expect(await ids('--queue', 'mail')).to.deep.equal(['c'])
    expect(await ids('--limit', '1', '--after', 'c')).to.deep.equal(['b'])
  })

  it('shows only dead jobs', async () => {
    expect(await queue.json('dlq', 'show', 'a')).to.include({ id: 'a', state: 'dead', exit_code: 1 })
    expect((await queue.run(['dlq', 'show', 'good'])).code).to.equal(1)
    expect((await queue.run(['dlq', 'show', 'nobody'])).code).to.equal(3)
  })

  it('requeues dead jobs by id, and no others', async () => {
    expect(await queue.ok('dlq', 'retry', 'a')).to.equal('a requeued\n')
    expect(await queue.json('show', 'a')).to.include({ state: 'pending', attempts: 0 })
    const { code, stderr } = await queue.run(['dlq', 'retry', 'good'])
    expect(code).to.equal(1)
    expect(stderr).to.contain('good is completed')
    expect((await queue.json('show', 'good')).state).to.equal('completed')
    expect((await queue.run(['dlq', 'retry', 'nobody'])).code).to.equal(3)
  })

  it('requeues all dead jobs, of one queue or of every queue', async () => {
    expect(
      (await queue.json('dlq', 'retry', '--all', '--queue', 'mail')).map((job: { id: string }) => job.id),
    ).to.deep.equal(['c'])
    expect(await ids()).to.deep.equal(['b'])
    await queue.ok('dlq', 'retry', '--all')
    expect(await ids()).to.deep.equal([])
    expect(await queue.json('dlq', 'retry', '--all')).to.deep.equal([])
    expect((await queue.run(['dlq', 'retry'])).code).to.equal(2)
    expect((await queue.run(['dlq', 'retry', 'a', '--all'])).code).to.equal(2)
  })

  it('removes dead jobs permanently', async () => {
    await queue.drain()
    expect(await queue.json('dlq', 'purge', '--queue', 'mail')).to.deep.equal({ purged: 1 })
    expect(await queue.ok('dlq', 'purge', '--yes')).to.equal('2 jobs removed\n')
    expect((await queue.json('list')).map((job: { id: string }) => job.id)).to.deep.equal(['good'])
  })
})
