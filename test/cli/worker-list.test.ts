import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { freshQueue } from '../helpers/queuectl.ts'
import { waitFor } from '../helpers/wait-for.ts'

interface Row {
  kind: string
  state: string
  pid: number
  jobs?: { id: string; run_time: number }[]
}

describe('worker list @posix', () => {
  it('shows supervisors and workers with their jobs, and reports when none run', async () => {
    const queue = freshQueue()
    await queue.ok('init')
    expect(await queue.json('worker', 'list')).to.deep.equal([])
    expect((await queue.run(['worker', 'list'])).stderr).to.equal('queuectl: no worker is running\n')

    const workers = await queue.workers('--count', '2')
    await queue.ok('enqueue', '--id', 'long', '--', `touch '${queue.home}/begun'; sleep 60`)
    await waitFor(() => existsSync(path.join(queue.home, 'begun')), { within: 10_000, what: 'the job runs' })
    const rows: Row[] = await queue.json('worker', 'list')
    expect(
      rows.flatMap(({ jobs = [] }) => jobs),
      'before a heartbeat reports it',
    ).to.have.length(1)
    expect(rows.map(({ kind }) => kind)).to.deep.equal(['supervisor', 'worker', 'worker'])
    expect(new Set(rows.map(({ pid }) => pid)).size).to.equal(3)
    expect(rows.flatMap(({ jobs = [] }) => jobs)[0])
      .to.include({ id: 'long' })
      .and.to.have.property('run_time')
    expect(JSON.stringify(rows)).to.not.contain('"token"')

    const text = await queue.ok('worker', 'list')
    expect(text).to.match(/^ID +HOST +PID +STATE +CPU +MEMORY .*JOB\n/)
    expect(text).to.match(/^ {2}\S+ .* busy .* long \d/m)

    await workers.stop()
    expect(await queue.json('worker', 'list')).to.deep.equal([])
  })

  it('marks processes of a dead supervisor as gone', async () => {
    const queue = freshQueue()
    await queue.ok('init')
    const child = queue.start(['worker', 'start'])
    await waitFor(async () => (await queue.json('worker', 'list')).length === 2, {
      within: 20_000,
      what: 'it is registered',
    })
    const closed = new Promise((resolve) => child.on('close', resolve))
    child.kill('SIGKILL')
    await closed
    const states = async () => (await queue.json('worker', 'list')).map(({ state }: Row) => state)
    expect((await states())[0]).to.equal('gone')
    await queue.run(['worker', 'stop', '--force'])
    expect(await states()).to.deep.equal([])
  })
})
