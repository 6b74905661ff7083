import { expect } from 'chai'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { withLock } from '../../../src/store/mongo/lock.ts'
import { EPOCH } from '../../../src/store/mongo/schema.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { waitFor } from '../../helpers/wait-for.ts'

describe('the lock of a MongoDB schema @posix', function () {
  this.timeout(60_000)
  let db: Connection
  before(needsMongo)
  beforeEach(async () => {
    db = await Connection.open(parseUrl((await mongoServer()).url()), 'command')
  })
  afterEach(async () => {
    await db.close()
  })

  const meta = () => db.db.collection<{ _id: string; holder?: string; expires_at?: Date }>('meta')
  const stored = () => meta().findOne({ _id: 'lock' })

  it('is held by one at a time, also when many try at once', async () => {
    let [holders, most, done] = [0, 0, 0]
    const work = async () => {
      most = Math.max(most, ++holders)
      await stored()
      holders--
      done++
    }
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((holder) => withLock(db, holder, work)))
    expect({ most, done }).to.deep.equal({ most: 1, done: 5 })
  })

  it('of a process that died is acquired when it has expired, not before', async () => {
    await meta().insertOne({ _id: 'lock', holder: 'dead', expires_at: new Date(Date.now() + 3_600_000) })
    let taken = false
    const taking = withLock(db, 'next', async () => {
      taken = true
      expect(await stored()).to.include({ holder: 'next', application: 'queuectl' })
    })
    let tries = 0
    const call = db.call.bind(db)
    db.call = async (...args) => call(...args).finally(() => tries++) as never
    await waitFor(() => tries >= 3, { within: 20_000, what: 'it is tried again and again' })
    expect(taken).to.equal(false)
    expect(await stored()).to.include({ holder: 'dead' })
    await meta().updateOne({ _id: 'lock' }, { $set: { expires_at: EPOCH } })
    await taking
    expect((await stored())?.expires_at).to.deep.equal(EPOCH)
  })

  it('without an expiry, after an edit, is free', async () => {
    await meta().insertOne({ _id: 'lock', holder: 'dead' })
    expect(await withLock(db, 'next', async () => (await stored())?.holder)).to.equal('next')
  })

  it('is renewed while the work goes on', async () => {
    await withLock(db, 'me', async () => {
      const first = (await stored())?.expires_at
      const later = async () => Number((await stored())?.expires_at) > Number(first)
      await waitFor(later, { within: 20_000, what: 'the lock is held for longer' })
    })
  })
})
