import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { ALL_QUEUES } from '../../src/domain/claim-filter.ts'
import { newToken } from '../../src/domain/ids.ts'
import { platform } from '../../src/platform/platform.ts'
import { openRunJournal } from '../../src/runs/journal.ts'
import { beatOf } from '../contract/kit.ts'
import { endStrangers, lives, startOf, stranger } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('unrelated processes (S16) @posix', function () {
  this.timeout(90_000)
  let scene: Scene
  before(function () {
    if (process.platform !== 'linux') return skip(this, 'for Linux')
  })
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(async () => {
    endStrangers()
    await scene.finish()
  })

  it('in forged rows and journal files are not touched by recovery or any stop', async () => {
    const self = platform.identify(process.pid)
    if (self === null) throw new Error('no identity')
    const victims = Array.from({ length: 4 }, () => stranger('sleep 120 & exec sleep 120'))
    await waitFor(() => victims.every(({ pid }) => lives(pid)), { within: 10_000, what: 'they live' })
    const pids = victims.map(({ pid }) => pid)
    const journal = openRunJournal(scene.store.info.folder)

    // Owners that are an unrelated process, no process, init or every process; and runs of them, with matching journal
    // files.
    for (const [n, pid] of [...pids, 0, 1, -1, -(pids[0] ?? 0)].entries()) {
      await scene.add(`echo ${n} >> ledger`)
      const beat = beatOf(`s-forged${n}`, [`w-forged${n}`])
      const identity = { ...self, pid, start: '1' }
      for (const row of [beat.supervisor, ...beat.workers]) Object.assign(row, { identity })
      await scene.store.beat(beat)
      const token = newToken()
      await scene.store.claim({ worker_id: `w-forged${n}`, host: 'here', token, filter: ALL_QUEUES, lease_ms: 1_000 })
      const start = n % 2 === 0 ? '1' : startOf(process.pid)
      const start_line = { token, job: 'x', run: 1, pid, start, worker_id: `w-forged${n}` }
      writeFileSync(path.join(scene.store.info.folder, 'run', token), `\n${JSON.stringify(start_line)}\n`)
      expect(journal.read(token)?.pid ?? null).to.equal(pid > 1 ? pid : null)
    }

    await scene.start('--count', '2')
    await waitFor(() => scene.lines('ledger').length === 8, { within: 20_000, what: 'all are recovered, and run' })
    expect((await scene.run('worker', 'stop', '--force')).code).to.equal(0)
    expect(scene.lines('ledger').sort()).to.deep.equal(['0', '1', '2', '3', '4', '5', '6', '7'])
    expect(pids.filter(lives)).to.deep.equal(pids)
    expect(await scene.rows()).to.deep.equal([])
  })
})
