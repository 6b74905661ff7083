import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('status @posix', () => {
  const queue = freshQueue()
  before(async () => {
    const jobs = [
      { command: 'true' },
      { command: 'exit 1', max_retries: 0 },
      { command: 'exit 1', backoff_base: 1000 },
      { command: 'true', queue: 'mail', delay: '1h' },
    ]
    await queue.run(['enqueue', '-'], { input: jobs.map((job) => JSON.stringify(job)).join('\n') })
    const { stop } = await queue.workers()
    const ran = async () => {
      const { completed, dead, retrying } = (await queue.json('status')).jobs
      return completed + dead + retrying === 3
    }
    await waitFor(ran, { within: 20_000, what: 'all due jobs have run' })
    await stop()
    await queue.ok('enqueue', '--', 'true')
  })

  it('counts jobs by state, and runs of the last minutes', async () => {
    const { jobs, workers, supervisors, oldest_ready_age, throughput } = await queue.json('status')
    expect(jobs).to.deep.equal({
      ready: 1,
      scheduled: 1,
      retrying: 1,
      processing: 0,
      completed: 1,
      dead: 1,
      cancelled: 0,
    })
    expect({ supervisors, workers: workers.total }).to.deep.equal({ supervisors: 0, workers: 0 })
    expect(oldest_ready_age).to.be.within(0, 60)
    expect(throughput).to.deep.include({ seconds: 60, done: 1, failed: 2 })
  })

  it('is readable, also by queue', async () => {
    const text = await queue.ok('status', '--by-queue')
    expect(text).to.match(/^Ready +1$/m)
    expect(text).to.match(/^Workers +none$/m)
    expect(text).to.match(/^mail +0 +1 +0 +0 +0 +0 +0$/m)
    expect((await queue.json('status', '--by-queue')).queues.mail.scheduled).to.equal(1)
  })

  it('prints one JSON line per update with --watch, until Ctrl-C', async () => {
    const child = queue.start(['status', '--watch', '--json'])
    let stdout = ''
    child.stdout?.on('data', (chunk) => {
      stdout += chunk
    })
    await waitFor(() => stdout.includes('\n'), { within: 10_000, what: 'the first line' })
    await queue.ok('enqueue', '--', 'true')
    await waitFor(() => /"ready":2.*\n/.test(stdout), { within: 10_000, what: 'the new job is counted' })
    const closed = new Promise((resolve) => child.on('close', resolve))
    child.kill('SIGINT')
    expect(await closed).to.equal(0)
    for (const line of stdout.trim().split('\n')) JSON.parse(line)
  })
})
