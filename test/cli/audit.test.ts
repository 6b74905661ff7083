import { readdirSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import mongoose from 'mongoose'
import { openStore } from '../../src/store/open.ts'
import { ended, FAILURE, put, SUCCESS, settle, take } from '../contract/kit.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { freshQueue, queuectl } from '../helpers/queuectl.ts'

describe('queuectl audit @posix', () => {
  it('reports no faults, as text and as JSON', async () => {
    const { json, ok, drain } = freshQueue()
    await json('enqueue', '--max-retries', '0', '--', 'exit 3')
    await json('enqueue', '--', 'true')
    await drain()
    await json('enqueue', '--delay', '1h', '--', 'true')
    expect(await ok('audit'))
      .to.match(/^Jobs\s+3: pending 1.*completed 1, dead 1/)
      .and.match(/no faults.*\n$/)
    const audit = await json('audit')
    expect(audit).to.deep.include({ ok: true, starts: 2, running: 0, unrecorded: 0, runs_kept: null, faults: [] })
    expect(audit.jobs).to.include({ pending: 1, completed: 1, dead: 1 })
    expect(audit.outcomes).to.include({ completed: 1, failed: 1 })
  })

  it('exits 3 for a queue that does not exist, and creates none', async () => {
    const { home, db, run } = freshQueue()
    const { code, stdout, stderr } = await run(['audit'])
    expect({ code, stdout }).to.deep.equal({ code: 3, stdout: '' })
    expect(stderr).to.contain(`no queue at ${db} yet`)
    expect(readdirSync(home)).to.deep.equal([])
    // The jobs may be in this log.
    writeFileSync(`${db}-wal`, 'x')
    expect(await run(['audit'])).to.include({ code: 78 })
  })

  it('names edited rows, and exits 1', async () => {
    const { db, run } = freshQueue()
    const store = await openStore({ address: db, role: 'command', is_alive: () => false })
    for (const id of ['lost', 'gone', 'counted', 'revived', 'well']) await ended(store, id, SUCCESS)
    await store.close()
    const file = new DatabaseSync(db)
    file.exec(`
      DELETE FROM runs WHERE seq = (SELECT seq FROM jobs WHERE id = 'lost');
      DELETE FROM jobs WHERE id = 'gone';
      UPDATE jobs SET attempts = 7 WHERE id = 'counted';
      UPDATE jobs SET state = 'pending', ready = 1, finished_at = NULL WHERE id = 'revived'`)
    file.close()
    const text = await run(['audit'])
    expect(text.code).to.equal(1)
    expect(text.stdout).to.match(/lost {2}lost: run 1 started but has no outcome/)
    expect(text.stdout).to.match(/miscounted {2}counted: attempts is 7, but its runs add up to 0/)
    expect(text.stdout).to.match(/revived {2}revived: it is pending, but run 1 set it to completed/)
    expect(text.stdout).to.match(/4 faults in 4 jobs\n$/)
    const { code, stdout } = await run(['audit', '--json'])
    expect(code).to.equal(1)
    const { ok, faults } = JSON.parse(stdout)
    expect(ok).to.equal(false)
    expect(faults.map(({ kind, job }: Record<string, string>) => `${kind} ${job}`)).to.have.members([
      'lost lost',
      'lost null',
      'miscounted counted',
      'revived revived',
    ])
  })

  it('finds no fault at any moment while workers run @slow', async () => {
    const queue = freshQueue()
    const lines = Array.from({ length: 300 }, () => '{"command": "true"}').join('\n')
    await queue.run(['enqueue', '-'], { input: lines })
    const workers = await queue.workers('--count', '2')
    for (let looks = 0; looks < 3; looks++) expect(await queue.json('audit')).to.include({ ok: true })
    await workers.stop()
    expect(await queue.json('audit')).to.include({ ok: true })
  })

  describe('on MongoDB', () => {
    before(needsMongo)

    it('checks the runs that are kept, and reports how many are not', async () => {
      const address = (await mongoServer()).url()
      const store = await openStore({ address, role: 'command', data_folder: '/data', is_alive: () => false })
      await put(store, ['a'], { max_retries: 100, backoff_base: 0 })
      for (let run = 0; run < 22; run++) await settle(store, await take(store), run < 21 ? FAILURE : SUCCESS)
      await store.close()
      const args = ['audit', '--db', address]
      const well = await queuectl(args)
      expect(well).to.include({ code: 0 })
      expect(well.stdout).to.match(/not kept 2\n.*no faults/)
      expect(well.stderr).to.match(/the last 20 runs .* 2 older runs were not checked/)
      const raw = await mongoose.createConnection(address).asPromise()
      await raw.collection('jobs').updateOne({ _id: 'a' as never }, { $pop: { history: 1 } })
      const { code, stdout } = await queuectl([...args, '--json'])
      await raw.dropDatabase()
      await raw.close()
      expect(code).to.equal(1)
      expect(JSON.parse(stdout).faults).to.deep.equal([
        { kind: 'lost', job: 'a', message: 'run 22 started but has no outcome' },
      ])
    })
  })
})
