import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openStore } from '../../src/store/open.ts'
import { newJob } from '../contract/kit.ts'
import { collect, freshQueue } from '../helpers/queuectl.ts'
import { tempFolder } from '../helpers/temp.ts'

const CLAIMER = fileURLToPath(new URL('../fixtures/claimer.ts', import.meta.url))

describe('a crowd (F28) @posix', function () {
  this.timeout(180_000)

  it('of 64 workers in 8 processes claims each of 4,000 jobs exactly once @slow', async () => {
    const address = path.join(tempFolder(), 'queue.db')
    const store = await openStore({ address, role: 'command', is_alive: () => false })
    const jobs = Array.from({ length: 4_000 }, () => newJob())
    await store.insert({ jobs })
    const processes = Array.from({ length: 8 }, (_, n) =>
      collect(spawn(process.execPath, [CLAIMER, address, `p${n}`, '8'])),
    )
    const ended = await Promise.all(processes)
    expect(ended.map(({ code, stderr }) => [code, stderr])).to.deep.equal(ended.map(() => [0, '']))
    const taken = ended.flatMap(({ stdout }) => stdout.split('\n').filter(Boolean))
    expect(taken.sort()).to.deep.equal(jobs.map(({ id }) => id).sort())
    const { total } = await store.overview()
    expect(total).to.include({ completed: jobs.length, ready: 0, processing: 0 })
    for (const { id } of jobs.slice(0, 100)) expect(await store.runs({ id })).to.have.length(1)
    await store.close()
  })

  it('of 8 that enqueue the same job adds one job, and each exits 0; a different job with its ID is refused (R10)', async () => {
    const queue = freshQueue()
    const enqueue = (command: string) => queue.run(['enqueue', '--json', JSON.stringify({ id: 'one', command })])
    const same = await Promise.all(Array.from({ length: 8 }, () => enqueue('echo same')))
    expect(same.map(({ code, stderr }) => [code, stderr])).to.deep.equal(same.map(() => [0, '']))
    expect(same.filter(({ stdout }) => JSON.parse(stdout).existing === false)).to.have.length(1)
    const others = await Promise.all(Array.from({ length: 4 }, (_, n) => enqueue(`echo ${n}`)))
    expect(others.map(({ code }) => code)).to.deep.equal([3, 3, 3, 3])
    expect(await queue.json('list')).to.have.length(1)
  })
})
