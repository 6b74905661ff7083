import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'

describe('show @posix', () => {
  const queue = freshQueue()

  before(async () => {
    await queue.ok(
      'enqueue',
      '--id',
      'twice-1',
      '--backoff-base',
      '0',
      '--max-retries',
      '1',
      '--',
      'echo "run $QUEUECTL_RUN"; exit 3',
    )
    await queue.drain()
    await queue.ok('enqueue', '--id', 'twice-2', '--delay', '1h', '--', 'true')
  })

  it('shows a job with its runs and the last lines of their output', async () => {
    const job = await queue.json('show', 'twice-1')
    expect(job).to.deep.include({
      state: 'dead',
      attempts: 2,
      runs: 2,
      exit_code: 3,
      reason: 'exit code 3',
      last_output: ['run 2'],
    })
    type Listed = { run: number; outcome: string; exit_code: number; last_output: string[] }
    const runs = job.history.map((run: Listed) => [run.run, run.outcome, run.exit_code, run.last_output])
    expect(runs).to.deep.equal([
      [1, 'failed', 3, ['run 1']],
      [2, 'failed', 3, ['run 2']],
    ])
    expect(job).to.not.have.any.keys('lease_token', 'run_token', 'insert_token', 'content_hash')
    const text = await queue.ok('show', 'twice-1')
    expect(text).to.match(/State +dead \(exit code 3\)/)
    expect(text).to.match(/2 .*failed +exit code 3\n/)
    expect(text).to.match(/Last output \(run 1\)\nrun 1\n\nLast output \(run 2\)\nrun 2\n$/)
  })

  it('accepts a prefix of an id, prefers an exact match, and lists the candidates of an ambiguous one', async () => {
    await queue.ok('enqueue', '--id', 'twice', '--delay', '1h', '--', 'true')
    expect((await queue.json('show', 'twice')).id).to.equal('twice')
    expect((await queue.json('show', 'twice-2')).id).to.equal('twice-2')
    const { code, stderr } = await queue.run(['show', 'twic'])
    expect(code).to.equal(3)
    expect(stderr).to.contain('twice, twice-1, twice-2')
  })

  it('exits 3 for an unknown id, and 2 for an invalid one', async () => {
    const { code, stderr } = await queue.run(['show', 'nobody', '--json'])
    expect(code).to.equal(3)
    expect(JSON.parse(stderr).error.code).to.equal('not_found')
    expect((await queue.run(['show', '../x'])).code).to.equal(2)
  })
})
