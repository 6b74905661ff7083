import { expect } from 'chai'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { renewLeases } from '../../../src/store/mongo/leases.ts'
import { migrate } from '../../../src/store/mongo/migrate.ts'
import { storeOn } from '../../../src/store/mongo/store.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import type { JobStore } from '../../../src/store/port.ts'
import { LEASE_MS, put, SUCCESS, settle, take } from '../../contract/kit.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'

// An old primary that has not yet noticed its successor answers reads with old data:
// https://jira.mongodb.org/browse/SERVER-89619.
describe('a read from MongoDB that is older than a write @posix', function () {
  this.timeout(60_000)
  let db: Connection
  let store: JobStore
  before(needsMongo)
  beforeEach(async () => {
    db = await Connection.open(parseUrl((await mongoServer()).url()), 'command')
    store = storeOn(db, await migrate(db, { is_alive: () => false }), '/data')
  })
  afterEach(async () => {
    await store.close()
  })

  /** Answers the next read of jobs (`find` or `exists`) as if none existed. */
  function readNothing(): void {
    const { jobs } = db.models
    const nothing = (result: unknown) => () => {
      Reflect.deleteProperty(jobs, 'find')
      Reflect.deleteProperty(jobs, 'exists')
      return Object.assign(Promise.resolve(result), { lean: async () => result })
    }
    Object.assign(jobs, { find: nothing([]), exists: nothing(null) })
  }

  it('reports no lease as lost that was just renewed; a lost one is reported', async () => {
    await put(store, ['a', 'b', 'c'])
    const [a, b, c] = [await take(store), await take(store), await take(store)]
    await settle(store, c, SUCCESS)
    await store.cancel({ ids: ['b'] })
    readNothing()
    const tokens = [a, b, c].map(({ lease_token }) => lease_token)
    expect(await renewLeases(db, tokens, LEASE_MS)).to.deep.equal({
      lost: [c.lease_token],
      cancelled: [b.lease_token],
    })
  })

  it('reports no fence as missed whose first answer was lost', async () => {
    await put(store, ['a'])
    const { lease_token: token } = await take(store)
    const fence = { id: 'a', token, new_token: 'n', by: 's', lease_ms: LEASE_MS }
    expect(await store.fence(fence)).to.equal(true)
    readNothing()
    expect(await store.fence(fence)).to.equal(true)
  })
})
