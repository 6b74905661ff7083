import { expect } from 'chai'
import mongoose from 'mongoose'
import { openStore } from '../../../src/store/open.ts'
import type { JobStore } from '../../../src/store/port.ts'
import { beatOf, claimOf, FAILURE, mustGet, newJob, put, SUCCESS, settle, take, until } from '../../contract/kit.ts'
import { failPoint } from '../../helpers/fail-point.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { tellTogether } from '../../helpers/side-by-side.ts'
import { skip } from '../../helpers/skip.ts'
import { openProxy, type TcpProxy } from '../../helpers/tcp-proxy.ts'

// A connection that breaks between a write and its answer must not lose a job, nor run or count one twice.
describe('a MongoDB answer that is lost (F22) @posix', function () {
  this.timeout(60_000)
  let proxy: TcpProxy
  let store: JobStore
  before(needsMongo)
  beforeEach(async () => {
    const server = await mongoServer()
    proxy = await openProxy(server.host)
    const address = proxy.through(server.url())
    store = await openStore({ address, role: 'worker', data_folder: '/none', is_alive: () => false })
  })
  afterEach(async () => {
    await store.close()
    await proxy.close()
  })

  /** Runs `call` with the answer to its command lost. */
  async function losing<T>(command: string, call: () => Promise<T>): Promise<T> {
    const before = proxy.lost
    proxy.loseAnswerTo(command)
    const result = await call()
    expect(proxy.lost, `an answer to ${command} was lost`).to.equal(before + 1)
    return result
  }

  it('to an insert: the job is stored once, and is reported as new', async () => {
    const [inserted] = await losing('insert', () => store.insert({ jobs: [newJob({ id: 'a' })] }))
    expect(inserted).to.deep.equal({ job: await mustGet(store, 'a'), existing: false })
    const bulk = await losing('insert', () => store.insert({ jobs: Array.from({ length: 30 }, () => newJob()) }))
    expect(bulk.map((one) => one?.existing)).to.deep.equal(Array(30).fill(false))
    expect((await store.overview()).total.ready).to.equal(31)
  })

  it('to an insert of a job that exists: it is reported as existing', async () => {
    await put(store, ['a'], { content_hash: 'h' })
    const jobs = [newJob({ id: 'a', content_hash: 'h' })]
    const [inserted] = await losing('update', () => store.insert({ jobs }))
    expect(inserted).to.deep.equal({ job: await mustGet(store, 'a'), existing: true })
  })

  it('to a claim: the job is claimed once, the last one too', async () => {
    await put(store, ['a', 'b'])
    for (const id of ['a', 'b']) {
      const claim = claimOf()
      const { job } = await losing('findAndModify', () => store.claim(claim))
      expect(job).to.include({ id, lease_token: claim.token, runs: 1 })
    }
    expect((await store.overview()).total).to.include({ processing: 2, ready: 0 })
  })

  it('to a claim that reaches the server after its repetition: the next claim gets the job', async () => {
    const passOn = proxy.holdBack('findAndModify')
    expect(await store.claim(claimOf({ worker_id: 'w1' }))).to.include({ job: null })
    await put(store, ['a'])
    await passOn()
    expect(await mustGet(store, 'a')).to.include({ state: 'processing', processing_by: 'w1' })
    expect((await store.claim(claimOf({ worker_id: 'w2' }))).job).to.equal(null)
    expect((await store.claim(claimOf({ worker_id: 'w1' }))).job).to.include({ id: 'a', runs: 1 })
  })

  it('to a settle: one entry in the history, the same state', async () => {
    await put(store, ['a'], { backoff_base: 60 })
    const job = await take(store)
    const settled = await losing('findAndModify', () => settle(store, job, FAILURE))
    expect(settled.state).to.equal('pending')
    expect(await mustGet(store, 'a')).to.include({ attempts: 1, state: 'pending' })
    expect(await store.runs({ id: 'a' })).to.have.length(1)
  })

  it('to a settle that claims the next: both are done once', async () => {
    await put(store, ['a', 'b'])
    const job = await take(store)
    const { state, next } = await losing('findAndModify', () => settle(store, job, SUCCESS, claimOf()))
    expect(state).to.equal('completed')
    expect(next?.job).to.include({ id: 'b', runs: 1 })
  })

  it('to a fence: it succeeds', async () => {
    await put(store, ['a'])
    const { lease_token: token } = await take(store)
    const fence = { id: 'a', token, new_token: 'n', by: 's', lease_ms: 20_000 }
    expect(await losing('update', () => store.fence(fence))).to.equal(true)
    expect(await mustGet(store, 'a')).to.include({ lease_token: 'n', processing_by: 's' })
  })

  it('to a heartbeat: rows and leases are written', async () => {
    await put(store, ['a'])
    const job = await take(store)
    const beat = beatOf('s1', ['w1'], [job.lease_token])
    expect(await losing('update', () => store.beat(beat))).to.deep.equal({ lost: [], cancelled: [] })
    expect((await store.processes()).map(({ id }) => id)).to.have.members(['s1', 'w1'])
  })

  it('to a request of an operator: it is reported as done', async () => {
    await put(store, ['a', 'b'])
    const result = async (call: () => ReturnType<JobStore['cancel']>) =>
      (await losing('findAndModify', call))[0]?.result
    expect(await result(() => store.cancel({ ids: ['a'] }))).to.equal('done')
    expect(await result(() => store.requeue({ ids: ['a'] }))).to.equal('done')
    await put(store, ['later'], { delay_ms: 60_000 })
    expect(await result(() => store.promote({ ids: ['later'] }))).to.equal('done')
  })

  it('to a purge: removed jobs are counted, and their logs are named', async () => {
    // The bytes by which a command names its collection.
    for (const command of ['delete\0\x08\0\0\0outputs', 'delete\0\x05\0\0\0jobs']) {
      await put(store, ['a'])
      const job = await take(store)
      await settle(store, job, SUCCESS)
      const purge = { states: ['completed'] as const, older_than_ms: 0, limit: 9 }
      expect(await losing(command, () => store.purge(purge))).to.deep.equal({ jobs: 1, tokens: [job.run_token] })
    }
  })

  it('to the taking of controls: none is lost', async () => {
    await store.ask({ id: 'c1', supervisor_id: 's1', kind: 'stop', args: {} })
    const taken = await losing('update', () => store.takeControls({ supervisor_id: 's1' }))
    expect(taken.map(({ id }) => id)).to.deep.equal(['c1'])
  })
})

/** Answers are lost until the call gives up: its effect is unknown. */
const DOUBTS: Record<string, (lost: Lost) => Promise<void>> = {
  'to a claim: the next claim of that worker gets the job': async ({ store, lose, claim, stateOf }) => {
    await put(store, ['a'])
    lose('findAndModify')
    expect(await store.claim(claim()).catch((error) => error.code)).to.equal('unreachable')
    expect(await stateOf('a')).to.equal('processing')
    lose(null)
    const { job } = await store.claim(claim())
    expect(job).to.include({ id: 'a', runs: 1 })
    expect(await settle(store, job as never, SUCCESS)).to.include({ state: 'completed' })
    expect(await store.claim(claim())).to.include({ job: null })
  },

  'to several claims of one worker: each of its slots gets a different job': async ({ store, lose, claim }) => {
    await put(store, ['a', 'b'])
    const claims = () => Promise.allSettled([1, 2].map(() => store.claim(claim())))
    lose('findAndModify')
    expect((await claims()).map(({ status }) => status)).to.deep.equal(['rejected', 'rejected'])
    lose(null)
    const found = (await claims()).map((one) => one.status === 'fulfilled' && one.value.job?.id)
    expect(found).to.have.members(['a', 'b'])
  },

  'to a settle: the next claim gets the job that was claimed beside it': async ({ store, lose, claim, stateOf }) => {
    await put(store, ['a', 'b', 'c'])
    const job = await take(store)
    lose('$concatArrays')
    const failed = await settle(store, job, SUCCESS, claim()).catch((error) => error.code)
    expect([failed, await stateOf('b')]).to.deep.equal(['unreachable', 'processing'])
    lose(null)
    const { state, next } = await settle(store, job, SUCCESS, claim())
    expect([state, next?.job?.id, next?.job?.runs]).to.deep.equal(['completed', 'b', 1])
  },
}

describe('a MongoDB answer that is lost for longer than a call may take (F22) @posix @slow', function () {
  this.timeout(60_000)
  const stories = Object.entries(DOUBTS).map(([title, story]) => [title, () => doubting(story)])
  tellTogether(Object.fromEntries(stories), needsMongo)
})

interface Lost {
  store: JobStore
  /** Answers to requests with that text are lost from now on; null: no more are lost. */
  lose: (text: string | null) => void
  claim: () => ReturnType<typeof claimOf>
  stateOf: (id: string) => Promise<string>
}

async function doubting(story: (lost: Lost) => Promise<void>): Promise<undefined> {
  const server = await mongoServer()
  const proxy = await openProxy(server.host)
  const address = proxy.through(server.url())
  // The role whose calls give up first.
  const store = await openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })
  const lose = (text: string | null) => proxy.loseAnswerTo(text ?? '', text === null ? 0 : 1_000)
  try {
    const stateOf = async (id: string) => (await mustGet(store, id)).state
    await story({ store, lose, claim: () => claimOf({ worker_id: 'w1' }), stateOf })
  } finally {
    await store.close()
    await proxy.close()
  }
}

describe('a MongoDB primary that steps down (F21) @posix', function () {
  this.timeout(60_000)
  let store: JobStore
  let connection: mongoose.Connection
  before(needsMongo)
  beforeEach(async function () {
    const address = (await mongoServer()).url()
    store = await openStore({ address, role: 'worker', data_folder: '/none', is_alive: () => false })
    connection = await mongoose.createConnection(address).asPromise()
    // A server has fail points only when it was started with enableTestCommands.
    if (!(await clearFailPoint())) skip(this, 'this server has no fail points')
  })
  afterEach(async () => {
    await clearFailPoint()
    await store.close()
    await connection.close()
  })

  const clearFailPoint = () =>
    failPoint(connection, 'off').then(
      () => true,
      () => false,
    )

  it('during a write: the write counts once', async () => {
    const writeConcernError = { code: 91, errmsg: 'Replication is being shut down' }
    const commands = ['insert', 'findAndModify', 'update']
    await failPoint(connection, { times: 3 }, { failCommands: commands, writeConcernError })
    await put(store, ['a'])
    await failPoint(connection, { times: 3 }, { failCommands: commands, writeConcernError })
    const job = await take(store)
    expect(job).to.include({ id: 'a', runs: 1 })
    await failPoint(connection, { times: 3 }, { failCommands: commands, writeConcernError })
    expect(await settle(store, job, SUCCESS)).to.include({ state: 'completed' })
    expect(await store.runs({ id: 'a' })).to.have.length(1)
  })

  it('and closes its connections: the call is repeated', async () => {
    await put(store, ['a'])
    await failPoint(connection, { times: 3 }, { failCommands: ['findAndModify', 'find'], closeConnection: true })
    expect((await take(store)).id).to.equal('a')
    await failPoint(connection, { times: 3 }, { failCommands: ['find'], errorCode: 189 })
    await until(async () => (await store.processing()).length === 1)
  })
})
