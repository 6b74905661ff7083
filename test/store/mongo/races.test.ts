import { expect } from 'chai'
import { Connection } from '../../../src/store/mongo/connection.ts'
import { migrate } from '../../../src/store/mongo/migrate.ts'
import { storeOn } from '../../../src/store/mongo/store.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import type { JobStore } from '../../../src/store/port.ts'
import { ended, mustGet, newJob, put, refusal, SUCCESS, settle, take, until } from '../../contract/kit.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { overtake } from '../../helpers/overtake.ts'

interface Program {
  store: JobStore
  before: ReturnType<typeof overtake>
}

// Without transactions another call may see the writes of a call half done.
describe('between two writes to MongoDB @posix', function () {
  this.timeout(60_000)
  let one: Program
  let other: Program
  const opened: Connection[] = []
  before(needsMongo)
  beforeEach(async () => {
    const address = (await mongoServer()).url()
    one = await open(address)
    other = await open(address)
  })
  afterEach(async () => {
    for (const db of opened.splice(0)) await db.close()
  })

  async function open(address: string): Promise<Program> {
    const db = await Connection.open(parseUrl(address), 'command')
    opened.push(db)
    const store = storeOn(db, await migrate(db, { is_alive: () => false }), '/data')
    return { store, before: overtake(db) }
  }

  const same = (id: string, content = 'h') => newJob({ id, content_hash: content })

  /**
   * A bulk of `one` with a job `x` that another program stores first; `meanwhile` runs before the bulk removes its jobs
   * again.
   */
  async function refusedBulk(jobs: readonly ReturnType<typeof newJob>[], meanwhile: () => Promise<unknown>) {
    // The calls: check for existing ids, take numbers, store, read `x`, remove.
    one.before(3, () => put(other.store, ['x'], { content_hash: 'other' }))
    one.before(5, meanwhile)
    expect((await refusal(one.store.insert({ jobs: [...jobs, same('x')] }))).code).to.equal('duplicate_id')
  }

  it('of a concurrent claim, a list of ready jobs shows a due job', async () => {
    await put(one.store, ['due'], { delay_ms: 1 })
    await until(async () => (await one.store.overview()).total.ready === 1)
    await put(one.store, ['first'], { priority: 5 })
    one.before(2, () => take(other.store))
    const ready = await one.store.list({ state: 'ready', sort: 'order', limit: 9 })
    expect(ready.filter(({ id }) => id === 'due')).to.have.length(1)
  })

  describe('of a bulk that is refused', () => {
    it('R10: a job that another insert was answered with stays', async () => {
      await refusedBulk([same('y'), same('z')], async () => {
        expect((await other.store.insert({ jobs: [same('y')] }))[0]?.existing).to.equal(true)
      })
      expect(await mustGet(one.store, 'y')).to.include({ state: 'pending' })
      expect(await one.store.get({ id: 'z' })).to.equal(null)
    })

    it('R10: a job that is removed while another insert finds it is stored by that insert', async () => {
      const spec = same('y')
      const found = Promise.withResolvers<void>()
      const removed = Promise.withResolvers<void>()
      let inserted: ReturnType<JobStore['insert']> | undefined
      await refusedBulk([same('y')], async () => {
        // The calls: take a number, try to store, read the job with the id.
        other.before(4, () => {
          found.resolve()
          return removed.promise
        })
        inserted = other.store.insert({ jobs: [spec] }).finally(found.resolve)
        await found.promise
      })
      removed.resolve()
      expect((await inserted)?.[0]?.existing).to.equal(false)
      expect(await mustGet(one.store, 'y')).to.include({ insert_token: spec.insert_token })
    })

    it('jobs that were requeued or promoted stay', async () => {
      const later = newJob({ id: 'promoted', delay_ms: 60_000 })
      await refusedBulk([newJob({ id: 'requeued' }), later, newJob({ id: 'z' })], async () => {
        await other.store.cancel({ ids: ['requeued'] })
        await other.store.requeue({ ids: ['requeued'] })
        await other.store.promote({ ids: ['promoted'] })
      })
      const remaining = (await one.store.list({ sort: 'oldest', limit: 9 })).map(({ id }) => id)
      expect(remaining).to.deep.equal(['requeued', 'promoted', 'x'])
    })
  })

  describe('of an insert', () => {
    it('an id that is purged is free', async () => {
      await put(other.store, ['a'])
      await other.store.cancel({ ids: ['a'] })
      // The calls: take a number, try to store, read the job with the id.
      one.before(3, () => other.store.purge({ states: ['cancelled'], older_than_ms: 0, limit: 9 }))
      const [inserted] = await one.store.insert({ jobs: [same('a')] })
      expect(inserted).to.deep.equal({ job: await mustGet(other.store, 'a'), existing: false })
    })
  })

  describe('of a purge', () => {
    const all = { states: ['completed', 'cancelled'] as const, older_than_ms: 0, limit: 9 }

    async function cancelled(...ids: string[]): Promise<void> {
      await put(one.store, ids)
      for (const id of ids) await one.store.cancel({ ids: [id] })
    }

    it('all finished jobs are removed, also when our estimate of the server’s clock is behind', async () => {
      await cancelled('a')
      const [db] = opened as [Connection]
      const now = db.now.bind(db)
      db.now = () => now() - 60_000
      expect(await one.store.purge({ ...all, older_than_ms: 1 })).to.include({ jobs: 0 })
      expect(await one.store.purge(all)).to.include({ jobs: 1 })
    })

    it('jobs that another purge removes are counted only by that one; both name the logs', async () => {
      await ended(one.store, 'a', SUCCESS)
      const [run] = await one.store.runs({ id: 'a' })
      // The calls before: find jobs, remove outputs.
      one.before(3, async () => {
        expect(await other.store.purge(all)).to.deep.equal({ jobs: 1, tokens: [run?.token] })
      })
      expect(await one.store.purge(all)).to.deep.equal({ jobs: 0, tokens: [run?.token] })
    })

    it('a job that runs again and finishes meanwhile stays, with its new result', async () => {
      await ended(one.store, 'a', SUCCESS)
      one.before(3, async () => {
        await other.store.requeue({ ids: ['a'] })
        await settle(other.store, await take(other.store), SUCCESS)
      })
      expect(await one.store.purge(all)).to.deep.equal({ jobs: 0, tokens: [] })
      expect(await mustGet(one.store, 'a')).to.include({ state: 'completed' })
    })

    it('it continues after a page that another purge removed: fewer than requested means no more', async () => {
      await cancelled('a', 'b', 'c')
      one.before(3, () => other.store.purge({ ...all, limit: 2 }))
      expect(await one.store.purge({ ...all, limit: 2 })).to.include({ jobs: 1 })
      expect(await one.store.list({ sort: 'oldest', limit: 9 })).to.deep.equal([])
    })

    it('a removed job whose id is used again at once is counted, and its logs are named', async () => {
      await ended(one.store, 'a', SUCCESS)
      const [run] = await one.store.runs({ id: 'a' })
      // The calls: find jobs, remove outputs, remove jobs, read which remain.
      one.before(4, () => put(other.store, ['a']))
      expect(await one.store.purge(all)).to.deep.equal({ jobs: 1, tokens: [run?.token] })
      expect(await mustGet(one.store, 'a')).to.include({ state: 'pending' })
    })
  })
})
