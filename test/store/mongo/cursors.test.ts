import { expect } from 'chai'
import mongoose from 'mongoose'
import { openStore } from '../../../src/store/open.ts'
import type { JobStore } from '../../../src/store/port.ts'
import { newJob, put, refusal } from '../../contract/kit.ts'
import { failPoint } from '../../helpers/fail-point.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { skip } from '../../helpers/skip.ts'

/** More than the 101 documents of a server's first batch. */
const MANY = 150

describe('reads of many documents from MongoDB @posix', function () {
  this.timeout(60_000)
  let store: JobStore
  let raw: mongoose.Connection
  before(needsMongo)
  beforeEach(async () => {
    const address = (await mongoServer()).url()
    raw = await mongoose.createConnection(address).asPromise()
    store = await openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })
  })
  afterEach(async () => {
    await loseCursors('off').catch(() => {})
    await store.close()
    await raw.dropDatabase()
    await raw.close()
  })

  const loseCursors = (mode: unknown) =>
    failPoint(raw, mode, { failCommands: ['getMore'], errorCode: 43, appName: 'queuectl command' })

  it('survive a lost cursor: the page is read again', async function () {
    const ids = Array.from({ length: MANY }, (_, i) => `j${i}`)
    await store.insert({ jobs: ids.map((id) => newJob({ id })) })
    await loseCursors({ times: 1 }).catch(() => skip(this, 'no fail points'))
    const prefixed = await store.findIds({ prefix: 'j', limit: MANY })
    expect(prefixed).to.have.members(ids)
    await loseCursors({ times: 1 })
    const listed = await store.list({ sort: 'oldest', limit: MANY })
    expect(listed.map(({ id }) => id)).to.deep.equal(ids)
  })

  it('read a page of the history in one batch, which needs no cursor', async function () {
    await store.insert({ jobs: Array.from({ length: MANY }, () => newJob()) })
    await loseCursors('alwaysOn').catch(() => skip(this, 'no fail points'))
    const { histories, next } = await store.history({ after: null, limit: MANY - 10 })
    expect(histories).to.have.length(MANY - 10)
    expect((await store.history({ after: next, limit: MANY - 10 })).histories).to.have.length(10)
  })

  it('name the index that the counts need, and how to create it, exit 78', async () => {
    await put(store, ['a'])
    await raw.collection('jobs').dropIndex('queue_age')
    const error = await refusal(store.overview())
    expect(error).to.include({ exit_code: 78, hint: 'queuectl doctor --fix creates it again' })
    expect(error.message).to.match(/lacks the index jobs\.queue_age$/)
  })
})
