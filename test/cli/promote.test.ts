import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'

describe('promote @fast', () => {
  it('makes waiting jobs ready now, and no others', async () => {
    const queue = freshQueue()
    await queue.ok('enqueue', '--id', 'later', '--delay', '1h', '--', 'true')
    expect(await queue.ok('promote', 'later')).to.equal('later ready\n')
    expect((await queue.json('show', 'later')).view).to.equal('ready')
    await queue.ok('cancel', 'later')
    expect((await queue.run(['promote', 'later'])).code).to.equal(1)
    expect((await queue.run(['promote', 'nobody'])).code).to.equal(3)
  })
})
