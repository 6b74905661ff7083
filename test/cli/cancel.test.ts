import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('cancel @posix', () => {
  const queue = freshQueue()
  const stateOf = async (id: string) => (await queue.json('show', id)).state

  it('cancels waiting jobs at once', async () => {
    await queue.ok('enqueue', '--id', 'a', '--', 'true')
    await queue.ok('enqueue', '--id', 'b', '--delay', '1h', '--', 'true')
    expect(await queue.ok('cancel', 'a', 'b')).to.equal('a cancelled\nb cancelled\n')
    expect(await stateOf('a')).to.equal('cancelled')
  })

  it('R7: stops a running job through its worker, and waits until it has stopped', async () => {
    await queue.ok('enqueue', '--id', 'running', '--', 'sleep 60')
    const workers = await queue.workers()
    await waitFor(async () => (await stateOf('running')) === 'processing', { within: 10_000, what: 'it runs' })
    const { code, stdout, stderr } = await queue.run(['cancel', 'running'])
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'running cancelled\n' })
    expect(stderr).to.contain('is running; its worker is stopping it')
    expect(await queue.json('show', 'running')).to.include({ state: 'cancelled', reason: 'cancelled' })
    await workers.stop()
  })

  it('does not change finished jobs, and names them, exit 1', async () => {
    await queue.ok('enqueue', '--id', 'done', '--', 'true')
    await queue.drain()
    const { code, stdout, stderr } = await queue.run(['cancel', 'done', '--json'])
    expect(code).to.equal(1)
    expect(JSON.parse(stdout)[0]).to.include({ id: 'done', state: 'completed', result: 'wrong_state' })
    expect(JSON.parse(stderr).error).to.include({ code: 'wrong_state', message: 'done is completed' })
  })

  it('reports the result of each id in a mixed list once, and changes no other job (S17)', async () => {
    const [{ id: done }] = await queue.json('list', '--state', 'completed')
    for (const id of ['m1', 'm2', 'mine']) await queue.ok('enqueue', '--id', id, '--', 'true')
    const { code, stdout, stderr } = await queue.run(['cancel', '--json', 'm1', 'nobody', 'm2', done, 'm1', 'm2'])
    const results = JSON.parse(stdout).map(({ id, result }: Record<string, string>) => [id, result])
    expect(results).to.deep.equal([
      ['m1', 'done'],
      ['nobody', 'not_found'],
      ['m2', 'done'],
      [done, 'wrong_state'],
    ])
    expect([code, JSON.parse(stderr).error.message]).to.deep.equal([3, `no job with ID "nobody"; ${done} is completed`])
    expect(await stateOf('mine')).to.equal('pending')
    await queue.ok('cancel', 'mine')
  })

  it('accepts only complete ids from scripts, cancels the others in the list, and exits 3', async () => {
    await queue.ok('enqueue', '--id', 'whole', '--', 'true')
    await queue.ok('enqueue', '--id', 'other', '--', 'true')
    const { code, stdout, stderr } = await queue.run(['cancel', 'who', 'other'])
    expect({ code, stdout }).to.deep.equal({ code: 3, stdout: 'other cancelled\n' })
    expect(stderr).to.contain('no job with ID "who"')
    expect(await stateOf('whole')).to.equal('pending')
  })
})
