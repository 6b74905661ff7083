import { inspect } from 'node:util'
import { expect } from 'chai'
import mongoose, { type mongo } from 'mongoose'
import type { JobStore } from '../../../src/store/port.ts'
import { mongoBench } from '../../contract/bench-mongo.ts'
import {
  type Bench,
  beatOf,
  CLOCK_MS,
  claimOf,
  ended,
  FAILURE,
  LEASE_MS,
  mustGet,
  put,
  refusal,
  SUCCESS,
  settle,
  take,
  takeAll,
  until,
} from '../../contract/kit.ts'
import { failPoint } from '../../helpers/fail-point.ts'
import { needsMongo } from '../../helpers/mongo-server.ts'
import { skip } from '../../helpers/skip.ts'

// The server refuses invalid states, but not every invalid value, and an administrator can bypass the validator.

describe('documents that another program has edited @posix', function () {
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
      .updateOne({ _id }, updateOf(set), { bypassDocumentValidation: true })

  for (const set of [
    { env: 'x' },
    { env: [{ name: 'A', value: 1 }] },
    { command: 'true\0rm' },
    { priority: 'x' },
    { priority: undefined },
    { attempts: -1 },
    ...['x', [1], {}, null, undefined, new Date()].map((runs) => ({ runs })),
    ...['x', [new Date()], {}, null, undefined, Number.NaN].map((updated_at) => ({ updated_at })),
    { finished_at: new Date() },
    { runs: 'x', updated_at: 'x', finished_at: 5, env: 5, command: null, history: 'x' },
  ]) {
    it(`with ${inspect(set)} in a job make it dead, so that it does not block the others`, async () => {
      await put(store, ['edited', 'other'])
      await edit('jobs', 'edited', set)
      // A second worker claims at the same time: either may quarantine the job.
      const claims = [store.claim(claimOf()), (await bench.open()).claim(claimOf())]
      const taken = (await Promise.all(claims)).flatMap(({ job }) => job ?? [])
      if (taken.length === 0) taken.push(await take(store))
      const repaired = 'updated_at' in set && !('runs' in set) && taken.find(({ id }) => id === 'edited')
      expect(taken.map(({ id }) => id)).to.have.members(repaired ? ['edited', 'other'] : ['other'])
      for (const job of taken) await settle(store, job, SUCCESS)
      if (repaired) return
      const edited = await store.get({ id: 'edited' })
      expect(edited).to.include({ state: 'dead', runs: 0, lease_token: null, started_at: null })
      expect(edited?.reason).to.match(/^its stored \w+ (is|are) damaged$/)
      expect((await store.overview()).total).to.include({ ready: 0, processing: 0, completed: 1, dead: 1 })
    })
  }

  it('lose no run of a quarantined job', async () => {
    await put(store, ['edited'], { backoff_base: 0 })
    await settle(store, await take(store), FAILURE)
    await store.promote({ ids: ['edited'] })
    await edit('jobs', 'edited', { updated_at: 'x' })
    await until(async () => (await store.claim(claimOf())).job === null && (await store.overview()).total.dead === 1)
    expect(await mustGet(store, 'edited')).to.include({ state: 'dead', runs: 1 })
  })

  it('do not quarantine a job whose claim the server refuses for another reason', async () => {
    await put(store, ['a', 'b'])
    const db = connection.db as mongo.Db
    const [jobs] = await db.listCollections({ name: 'jobs' }).toArray()
    await db.command({ collMod: 'jobs', validator: { state: { $ne: 'processing' } } })
    try {
      expect(await refusal(take(store))).to.include({ exit_code: 78 })
    } finally {
      await db.command({ collMod: 'jobs', validator: (jobs as mongo.CollectionInfo).options?.validator })
    }
    expect((await store.overview()).total).to.include({ ready: 2, dead: 0 })
    expect(await takeAll(store)).to.deep.equal(['a', 'b'])
  })

  it('with an id that is not text do not block others, due or ready', async () => {
    const db = connection.db as mongo.Db
    await put(store, ['model'])
    await put(store, ['waits'], { delay_ms: 1 })
    const [model, waits] = await db.collection('jobs').find().sort({ seq: 1 }).toArray()
    await db.collection('jobs').deleteMany({})
    await db.collection('jobs').insertMany([model, waits].map((job, i) => ({ ...job, _id: i })) as never[])
    await put(store, ['other'])
    await until(async () => (await store.overview()).total.ready === 3)
    expect(await takeAll(store)).to.deep.equal(['other'])
    expect((await store.overview()).total).to.include({ ready: 0, scheduled: 0, processing: 1, dead: 2 })
  })

  it('are read as far as they are valid', async () => {
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

  for (const set of [
    { history: 'x' },
    { history: null },
    { history: { 0: 'x' } },
    { started_at: 'x' },
    { started_at: 5, runs: 'x', requeues: {}, next_run_at: 'x', attempts: null },
  ]) {
    it(`with ${JSON.stringify(set)} are settled like any other, and their run is on record`, async () => {
      await put(store, ['edited'], { backoff_base: 60 })
      const job = await take(store)
      await edit('jobs', 'edited', set)
      expect((await settle(store, job, FAILURE)).state).to.equal('pending')
      expect(await store.get({ id: 'edited' })).to.include({ state: 'pending', attempts: 1, lease_token: null })
      const runs = await store.runs({ id: 'edited' })
      expect(runs.map(({ token, outcome }) => [token, outcome])).to.deep.equal([[job.run_token, 'failed']])
      expect(runs[0]?.finished_at).to.be.closeTo(store.now(), CLOCK_MS)
    })
  }

  for (const set of [{ started_at: 'x' }, { view: 'ready' }, { run_token: 5, locked_at: null, processing_by: [] }]) {
    it(`with ${JSON.stringify(set)} do not prevent the renewal of leases, and can be fenced`, async () => {
      await put(store, ['edited', 'other'])
      const jobs = [await take(store), await take(store)]
      await edit('jobs', 'edited', set)
      const tokens = jobs.map(({ lease_token }) => lease_token)
      const renewed = await store.renew({ worker_id: 'w1', tokens, lease_ms: 2 * LEASE_MS })
      expect(renewed).to.deep.equal({ lost: [], cancelled: [] })
      for (const { id, lease_expires_at } of jobs)
        expect(Number((await mustGet(store, id)).lease_expires_at)).to.be.above(Number(lease_expires_at))
      await edit('jobs', 'edited', set)
      const [token = ''] = tokens
      const fence = { id: 'edited', token, new_token: 'n', by: 's1', lease_ms: LEASE_MS }
      expect(await store.fence(fence)).to.equal(true)
      expect(await mustGet(store, 'edited')).to.include({ state: 'processing', processing_by: 's1', lease_token: 'n' })
      expect((await store.processing()).map(({ id }) => id)).to.have.members(['edited', 'other'])
    })
  }

  it('that cannot be settled as requested become dead, with the run on record; a success stays a success', async function () {
    const fail = (mode: unknown) =>
      failPoint(connection, mode, { failCommands: ['findAndModify'], errorCode: 171, appName: 'queuectl command' })
    await fail('off').catch(() => skip(this, 'no fail points'))
    for (const [id, outcome, state, reason] of [
      ['a', FAILURE, 'dead', 'its stored fields are damaged'],
      ['b', SUCCESS, 'completed', null],
    ] as const) {
      await put(store, [id])
      const job = await take(store)
      await fail({ times: 1 })
      expect((await settle(store, job, outcome)).state).to.equal(state)
      expect(await store.get({ id })).to.include({ state, reason, lease_token: null })
      expect(await store.runs({ id })).to.have.length(1)
    }
  })

  for (const next_run_at of ['x', null, [new Date(5)], [new Date(Date.now() + 3_600_000)]]) {
    it(`hide no due job behind one that is due at ${inspect(next_run_at)}`, async () => {
      await put(store, ['edited'], { delay_ms: 60_000 })
      await put(store, ['other'], { delay_ms: 1, priority: 5 })
      await edit('jobs', 'edited', { next_run_at })
      expect((await take(store)).id).to.equal('other')
      await put(store, ['later'], { delay_ms: 7_200_000 })
      await takeAll(store)
      expect((await store.claim(claimOf())).next_due_ms).to.be.above(1_000)
    })
  }

  for (const set of [{ finished_at: 5 }, { processing_by: 'x' }, { lease_token: [1], locked_at: new Date() }]) {
    it(`with ${inspect(set)} keep no due job from becoming ready`, async () => {
      await put(store, ['edited', 'other'], { delay_ms: 1 })
      await edit('jobs', 'edited', set)
      expect((await takeAll(store)).sort()).to.deep.equal(['edited', 'other'])
      expect((await store.claim(claimOf())).next_due_ms).to.equal(null)
    })
  }

  it('with a damaged sort field are left out of lists by it, and do not end a list', async () => {
    await put(store, ['edited', 'a', 'b'], { delay_ms: 60_000 })
    for (const [sort, set] of [
      ['due', { next_run_at: 'x' }],
      ['order', { priority: 'x' }],
    ] as const) {
      await edit('jobs', 'edited', set)
      expect((await store.list({ sort, limit: 9 })).map(({ id }) => id)).to.deep.equal(['a', 'b'])
      expect(await refusal(store.list({ sort, limit: 9, after: 'edited' }))).to.include({ exit_code: 3 })
      expect(await store.list({ sort: 'oldest', limit: 9 })).to.have.length(3)
    }
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

  it('of the registry do not prevent heartbeats', async () => {
    await store.beat(beatOf('s1', ['w1', 'w2']))
    await put(store, ['a', 'b'])
    const { lease_token: token } = await take(store)
    await take(store)
    await edit('jobs', 'b', { processing_by: [{ x: 1 }] })
    for (const id of ['s1', 'w1']) await edit('processes', id, { beats: 'x' })
    const renewed = { lost: [], cancelled: [] }
    expect(await store.renew({ worker_id: 'w1', tokens: [token], lease_ms: LEASE_MS })).to.deep.equal(renewed)
    expect(await store.beat(beatOf('s1', ['w1', 'w2'], [token]))).to.deep.equal(renewed)
    const beats = (await store.processes()).map((row) => [row.id, row.beats])
    // Heartbeats of a bulk that failed in part are counted twice: each is still a sign of life.
    expect(beats).to.have.deep.members([
      ['s1', 1],
      ['w1', 3],
      ['w2', 3],
    ])
  })

  it('are reported when a request cannot continue, exit 78', async () => {
    await put(store, ['a'], { delay_ms: 60_000 })
    await edit('jobs', 'a', { next_run_at: 'x' })
    const error = await refusal(store.promote({ ids: ['a'] }))
    expect(error).to.include({ exit_code: 78 })
    expect(error.hint).to.contain('queuectl doctor')
  })
})

/** The update that sets these fields; undefined values are unset. */
function updateOf(set: object): mongo.UpdateFilter<{ _id: string }> {
  const [unset, set_fields] = [true, false].map((missing) =>
    Object.entries(set).filter(([, value]) => (value === undefined) === missing),
  )
  return {
    ...(set_fields?.length && { $set: Object.fromEntries(set_fields) }),
    ...(unset?.length && { $unset: Object.fromEntries(unset.map(([name]) => [name, ''])) }),
  }
}
