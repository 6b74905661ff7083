import { expect } from 'chai'
import { newJobId } from '../../../src/domain/ids.ts'
import { openStore } from '../../../src/store/open.ts'
import { beatOf, claimOf, mustGet, put, refusal, SUCCESS, settle, take, until } from '../../contract/kit.ts'
import { type MongoServer, needsMongo, startServer } from '../../helpers/mongo-server.ts'
import { tempFolder } from '../../helpers/temp.ts'

describe('a MongoDB server that dies and comes back @posix @slow', function () {
  this.timeout(60_000)
  const folder = tempFolder()
  let server: MongoServer
  before(async function () {
    await needsMongo.call(this)
    server = await startServer({ folder })
  })
  after(() => server?.stop())

  it('is used by the same connection again, and keeps all acknowledged writes (F20)', async function () {
    this.timeout(120_000)
    const store = await openStore({
      address: server.url('jobs'),
      role: 'worker',
      data_folder: '/none',
      is_alive: () => false,
    })
    let events = 0
    const watch = store.watch({ on_change: () => events++ })
    await put(store, ['a', 'b'])
    const job = await take(store)
    const port = Number(server.host.split(':')[1])
    await server.stop(true)

    const since = performance.now()
    expect(await refusal(store.claim(claimOf()))).to.include({ code: 'unreachable', exit_code: 69 })
    expect(performance.now() - since).to.be.below(15_000)

    // Called while the server is away, answered when it is back; called again, as a worker does, if that takes longer
    // than a call may.
    const settled = settle(store, job, SUCCESS).catch(() => settle(store, job, SUCCESS))
    server = await startServer({ folder, port })
    expect(await settled).to.include({ state: 'completed' })
    expect(await mustGet(store, 'a')).to.include({ state: 'completed', runs: 1 })
    expect((await take(store)).id).to.equal('b')
    expect(await store.beat(beatOf('s1', ['w1']))).to.deep.equal({ lost: [], cancelled: [] })
    await until(async () => {
      await put(store, [newJobId()])
      return events > 0
    })
    watch.close()
    await store.close()
  })
})
