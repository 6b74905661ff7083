import { expect } from 'chai'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { migrate } from '../../../src/store/mongo/migrate.ts'
import { storeOn } from '../../../src/store/mongo/store.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Hint, JobStore } from '../../../src/store/port.ts'
import { claimOf, put, SUCCESS, settle, take, takeAll, until } from '../../contract/kit.ts'
import { mongoServer, needsMongo, withOption } from '../../helpers/mongo-server.ts'
import { openProxy } from '../../helpers/tcp-proxy.ts'

const OPENING = { role: 'worker', data_folder: '/none', is_alive: () => false } as const

// A few hundred workers that do nothing must not keep a server busy, nor ask it thrice for what one question tells.
describe('the load of a worker on MongoDB', function () {
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

  it('is two connections, and a third from the end of its first job on, which asks for the next beside', async () => {
    const clients = new Set<object>()
    const own = await openProxy((await mongoServer()).host, (_, client) => clients.add(client))
    const second = await openStore({ address: own.through(address), ...OPENING })
    await put(second, ['a'])
    const job = await take(second)
    expect(clients.size).to.equal(2)
    await settle(second, job, SUCCESS, claimOf())
    // It may still be on its way when the jobs are settled and claimed by the one that was there.
    await until(() => clients.size > 2)
    expect(clients.size).to.equal(3)
    await second.close()
    await own.close()
  })

  it('is two commands for a look in vain, and one for a job that comes soon after', async () => {
    expect(await commandsOf(() => store.claim(claimOf()))).to.deep.equal(['find', 'findAndModify'])
    let soon = false
    for (let n = 0; !soon; n++) {
      const began = performance.now()
      expect(await commandsOf(() => store.claim(claimOf()))).to.have.members(['find', 'findAndModify'])
      await put(store, [`j${n}`])
      const commands = await commandsOf(() => take(store))
      // Else it looks for due jobs again.
      soon = performance.now() - began < 1_000
      if (soon) expect(commands).to.deep.equal(['findAndModify'])
    }
  })

  it('is no question for due jobs before one is known to be due, which then is not passed over', async () => {
    let late = true
    for (let n = 0; late; n++) {
      const fresh = await openStore({ address, ...OPENING })
      await put(fresh, [`a${n}`, `b${n}`])
      // Sooner than the next look for due jobs would be.
      await put(fresh, [`soon${n}`], { delay_ms: 240, priority: 9 })
      const first = (await take(fresh)).id
      // A machine that is too busy has nothing to show: once more.
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

  it('is no question about requests when others only store jobs', async function () {
    if (!(await mongoServer()).replica_set) this.skip()
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
