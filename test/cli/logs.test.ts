import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { collect, freshQueue } from '../helpers/queuectl.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('logs @posix', () => {
  const queue = freshQueue()

  before(async () => {
    const command = 'echo "run $QUEUECTL_RUN"; printf "1\\n2\\n3\\nü no end"; exit 1'
    await queue.ok('enqueue', '--id', 'talks', '--backoff-base', '0', '--max-retries', '1', '--', command)
    await queue.drain()
  })

  it('shows the last run, another run by its number, and only the last lines', async () => {
    expect(await queue.ok('logs', 'talks')).to.equal('run 2\n1\n2\n3\nü no end')
    expect(await queue.ok('logs', 'talks', '--run', '1', '--tail', '5')).to.equal('run 1\n1\n2\n3\nü no end')
    expect(await queue.ok('logs', 'talks', '--tail', '2')).to.equal('3\nü no end')
    expect(await queue.json('logs', 'talks', '--run', '1')).to.deep.include({ run: 1, outcome: 'failed' })
  })

  it('lists the existing runs for an unknown run', async () => {
    const { code, stderr } = await queue.run(['logs', 'talks', '--run', '7'])
    expect(code).to.equal(3)
    expect(stderr).to.contain('1, 2')
    expect((await queue.run(['logs', 'talks', '--tail', 'x'])).code).to.equal(2)
    await queue.ok('enqueue', '--id', 'silent', '--delay', '1h', '--', 'true')
    expect((await queue.run(['logs', 'silent'])).stderr).to.contain('has not run yet')
    await queue.ok('cancel', 'silent')
  })

  it('follows through retries until the job finishes', async () => {
    await queue.ok(
      'enqueue',
      '--id',
      'slow',
      '--backoff-base',
      '0',
      '--max-retries',
      '1',
      '--',
      'echo a; until [ -e go ]; do sleep 0.05; done; echo b; exit 1',
    )
    const child = queue.start(['logs', 'slow', '--follow'])
    const following = collect(child)
    let shown = ''
    child.stdout?.on('data', (chunk) => {
      shown += chunk
    })
    const drained = queue.drain()
    // It starts with the run that is the last at that time, so the first run waits for it.
    await waitFor(() => shown === 'a\n', { within: 20_000, what: 'the first line' })
    writeFileSync(path.join(queue.home, 'go'), '')
    await drained
    const { code, stdout, stderr } = await following
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'a\nb\na\nb\n' })
    expect(stderr).to.contain('run 2')
  })

  it('follows as NDJSON with --json', async () => {
    const lines = (await queue.ok('logs', 'slow', '--follow', '--run', '1', '--json')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).to.deep.equal([{ run: 1, output: 'a\nb\n' }])
  })
})
