import { expect } from 'chai'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { migrate } from '../../../src/store/mongo/migrate.ts'
import { storeOn } from '../../../src/store/mongo/store.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Hint, JobStore } from '../../../src/store/port.ts'
import { claimOf, put, SUCCESS, settle, take, takeAll, until } from '../../contract/kit.ts'
import { mongoServer, needsMongo, withOption } from '../../helpers/mongo-server.ts'
import { skip } from '../../helpers/skip.ts'
import { openProxy } from '../../helpers/tcp-proxy.ts'

const OPENING = { role: 'worker', data_folder: '/none', is_alive: () => false } as const

// A few hundred idle workers must not keep a server busy, nor send three commands where one is enough.
describe('the load of a worker on MongoDB @posix', function () {
  this.timeout(60_000)
  let store: JobStore
  let address: string
  let sent: string[]
  before(needsMongo)
  beforeEach(async () => {
    address = withOption((await mongoServer()).url(), 'monitorCommands', 'true')
    const db = await Connection.open(parseUrl(address), 'worker')
    store = storeOn(db, await migrate(db, { is_alive: () => false }), '/data')
    sent = []
    db.db.client.on('commandStarted', ({ commandName }) => sent.push(commandName))
  })
  afterEach(() => store.close())

  /** What `call` sends. */
  async function commandsOf(call: () => Promise<unknown>): Promise<string[]> {
    sent = []
    await call()
    return sent
  }

  it('is two connections, and a third after its first job, which claims the next at the same time', async () => {
    const clients = new Set<object>()
    const own = await openProxy((await mongoServer()).host, (_, client) => clients.add(client))
    const second = await openStore({ address: own.through(address), ...OPENING })
    await put(second, ['a'])
    const job = await take(second)
    expect(clients.size).to.equal(2)
    await settle(second, job, SUCCESS, claimOf())
    // It may still be opening when the job is settled and the next is claimed over the existing one.
    await until(() => clients.size > 2)
    expect(clients.size).to.equal(3)
    await second.close()
    await own.close()
  })

  it('is two commands for a claim that finds nothing, and one for a job that comes soon after', async () => {
    expect(await commandsOf(() => store.claim(claimOf()))).to.deep.equal(['find', 'findAndModify'])
    let soon = false
    for (let n = 0; !soon; n++) {
      const began = performance.now()
      expect(await commandsOf(() => store.claim(claimOf()))).to.have.members(['find', 'findAndModify'])
      await put(store, [`j${n}`])
      const commands = await commandsOf(() => take(store))
      // Later it checks for due jobs again.
      soon = performance.now() - began < 1_000
      if (soon) expect(commands).to.deep.equal(['findAndModify'])
    }
  })

  it('is no check for due jobs before one is known to be due, which then is not skipped', async () => {
    let late = true
    for (let n = 0; late; n++) {
      const fresh = await openStore({ address, ...OPENING })
      await put(fresh, [`a${n}`, `b${n}`])
      // Earlier than the next check for due jobs.
      await put(fresh, [`soon${n}`], { delay_ms: 240, priority: 9 })
      const first = (await take(fresh)).id
      // The machine was too busy for this test: try again.
      late = first === `soon${n}`
      if (!late) {
        expect(first).to.equal(`a${n}`)
        await until(async () => (await fresh.overview()).total.ready === 2)
        expect((await take(fresh)).id).to.equal(`soon${n}`)
      }
      expect(await takeAll(fresh)).to.deep.equal(late ? [`a${n}`, `b${n}`] : [`b${n}`])
      await fresh.close()
    }
  })

  it('is no check for requests when others only store jobs', async function () {
    if (!(await mongoServer()).replica_set) skip(this, 'this server is not a replica set')
    const hints: Hint[] = []
    const watch = store.watch({ on_change: (hint) => hints.push(hint) })
    await until(async () => {
      await put(store, [`j${Math.random()}`])
      return hints.length > 0
    })
    expect(new Set(hints)).to.deep.equal(new Set(['new_jobs']))
    await store.ask({ id: 'c', supervisor_id: 's', kind: 'stop', args: {} })
    await until(async () => hints.includes('anything'))
    watch.close()
  })
})
