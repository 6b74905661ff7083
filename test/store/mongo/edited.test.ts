import { expect } from 'chai'
import mongoose, { type mongo } from 'mongoose'
import type { JobStore } from '../../../src/store/port.ts'
import { mongoBench } from '../../contract/bench-mongo.ts'
import { type Bench, beatOf, ended, put, refusal, SUCCESS, settle, take } from '../../contract/kit.ts'
import { needsMongo } from '../../helpers/mongo-server.ts'

// The server refuses states that cannot be, but not every value in them, and whoever may administer it can have it look away.

describe('documents that somebody else has edited @posix', function () {
  this.timeout(60_000)
  let bench: Bench
  let store: JobStore
  let connection: mongoose.Connection
  before(needsMongo)
  beforeEach(async () => {
    bench = await mongoBench()
    store = await bench.open()
    connection = await mongoose.createConnection(bench.address).asPromise()
  })
  afterEach(async () => {
    await connection.close()
    await bench.dispose()
  })

  const edit = (collection: string, _id: string, set: object) =>
    (connection.db as mongo.Db)
      .collection<{ _id: string }>(collection)
      .updateOne({ _id }, { $set: set }, { bypassDocumentValidation: true })

  for (const set of [
    { env: 'x' },
    { env: [{ name: 'A', value: 1 }] },
    { command: 'true\0rm' },
    { runs: 'x' },
    { updated_at: 'x' },
    { attempts: -1 },
  ]) {
    it(`put a job with ${JSON.stringify(set)} among the dead, out of the way of the others`, async () => {
      await put(store, ['edited', 'other'])
      await edit('jobs', 'edited', set)
      const other = await take(store)
      expect(other.id).to.equal('other')
      await settle(store, other, SUCCESS)
      const edited = await store.get({ id: 'edited' })
      expect(edited).to.include({ state: 'dead', runs: 0, lease_token: null, started_at: null })
      expect(edited?.reason).to.match(/^its stored (env|command|attempts|numbers) (is|are) damaged$/)
      expect((await store.overview()).total).to.include({ ready: 0, processing: 0, completed: 1, dead: 1 })
    })
  }

  it('are read as far as they make sense', async () => {
    await ended(store, 'edited', SUCCESS)
    await edit('jobs', 'edited', {
      created_at: 'x',
      priority: {},
      'history.0.started_at': 5.5,
      'history.0.token': null,
    })
    const job = await store.get({ id: 'edited' })
    expect(job).to.include({ created_at: 0, priority: 0, state: 'completed' })
    expect((await store.runs({ id: 'edited' }))[0]).to.include({ started_at: 0, token: '', outcome: 'completed' })
    await edit('jobs', 'edited', { history: 'x' })
    expect(await store.runs({ id: 'edited' })).to.deep.equal([])
    expect(await store.purge({ states: ['completed'], older_than_ms: 0, limit: 9 })).to.deep.equal({
      jobs: 1,
      tokens: [],
    })
  })

  it('hide no job whose time has come', async () => {
    await put(store, ['edited'], { delay_ms: 60_000 })
    await put(store, ['other'], { delay_ms: 1 })
    await edit('jobs', 'edited', { next_run_at: 'x' })
    expect((await take(store)).id).to.equal('other')
  })

  it('of the registry stay on record, as processes of another host', async () => {
    await store.beat(beatOf('s1', ['w1']))
    await edit('processes', 's1', { identity: 5, stuck: 'x', queues: [1] })
    await edit('processes', 'w1', { identity: null, jobs: [{ started_at: 'x' }, 5] })
    const rows = new Map((await store.processes()).map((row) => [row.id, row]))
    expect(rows.get('s1')).to.deep.include({ kind: 'supervisor', stuck: {}, queues: null })
    expect(rows.get('s1')?.identity.host_id).to.equal('')
    expect(rows.get('w1')).to.deep.include({ kind: 'worker' })
    expect(rows.get('w1')).to.have.property('jobs').that.has.length(1)
  })

  it('are told of where there is no going on, exit 78', async () => {
    await put(store, ['a'], { delay_ms: 60_000 })
    await edit('jobs', 'a', { next_run_at: 'x' })
    const error = await refusal(store.promote({ ids: ['a'] }))
    expect(error).to.include({ exit_code: 78 })
    expect(error.hint).to.contain('queuectl doctor')
  })
})
