import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { openStore } from '../../../src/store/open.ts'
import type { JobStore, StoreRole } from '../../../src/store/port.ts'
import { Connection } from '../../../src/store/sqlite/connection.ts'
import { migrate } from '../../../src/store/sqlite/migrate.ts'
import { storeOn } from '../../../src/store/sqlite/store.ts'
import { claimOf, newJob, put, refusal, SUCCESS, settle, take } from '../../contract/kit.ts'
import { tempFolder } from '../../helpers/temp.ts'

describe('SQLite under pressure', function () {
  this.timeout(60_000)
  let file: string
  let holder: DatabaseSync
  const opened: JobStore[] = []

  beforeEach(async () => {
    file = path.join(tempFolder(), 'queue.db')
    await put(await open('command'), ['a', 'b'])
    holder = new DatabaseSync(file)
  })
  afterEach(async () => {
    holder.close()
    for (const store of opened.splice(0)) await store.close()
  })

  async function open(role: StoreRole): Promise<JobStore> {
    const store = await openStore({ address: file, role, is_alive: () => false })
    opened.push(store)
    return store
  }

  it('a command stops waiting for a lock after 5 s and names the file; reading needs none (F17) @slow', async () => {
    const store = await open('command')
    holder.exec('BEGIN IMMEDIATE')
    const start = performance.now()
    const error = await refusal(store.insert({ jobs: [newJob()] }))
    expect(error).to.include({ code: 'try_again', exit_code: 75 })
    expect(error.message)
      .to.contain(file)
      .and.match(/locked by another process/)
    expect(performance.now() - start).to.be.within(4500, 15_000)
    expect(await store.get({ id: 'a' })).to.include({ state: 'pending' })
  })

  it('a worker waits without limit, with its loop free (F17)', async () => {
    const store = await open('worker')
    const job = await take(store)
    holder.exec('BEGIN IMMEDIATE')
    const settled = settle(store, job, SUCCESS, claimOf())
    let ticks = 0
    await new Promise<void>((resolve) => {
      const ticker = setInterval(() => {
        if (++ticks < 40) return
        clearInterval(ticker)
        resolve()
      }, 5)
    })
    holder.exec('COMMIT')
    expect((await settled).state).to.equal('completed')
    expect((await settled).next?.job?.id).to.equal('b')
  })

  it('closing ends the wait', async () => {
    const store = await open('worker')
    holder.exec('BEGIN IMMEDIATE')
    const claim = store.claim(claimOf())
    await store.close()
    expect(await refusal(claim)).to.include({ code: 'try_again' })
  })

  it('idle workers check without a lock', async () => {
    const store = await open('worker')
    await take(store)
    await take(store)
    holder.exec('BEGIN IMMEDIATE')
    expect(await store.claim(claimOf())).to.deep.equal({ job: null, next_due_ms: null })
    expect(await store.takeControls({ supervisor_id: 's' })).to.deep.equal([])
  })
})

describe('a SQLite connection', () => {
  let db: Connection
  let store: JobStore
  const prepare = async (role: StoreRole, durability?: 'normal' | 'full') => {
    db = new Connection(path.join(tempFolder(), 'queue.db'), role, durability)
    await db.configure()
    store = storeOn(db, await migrate(db, () => false))
  }
  afterEach(() => store.close())

  const NORMAL = 1
  const FULL = 2
  const synced = () => db.get('PRAGMA synchronous')?.synchronous

  it('syncs by role', async () => {
    const cases = [
      ['command', 'normal', FULL],
      ['supervisor', 'normal', FULL],
      ['worker', 'normal', NORMAL],
      ['worker', 'full', FULL],
    ] as const
    for (const [role, durability, mode] of cases) {
      await prepare(role, durability)
      expect(synced(), `${role} ${durability}`).to.equal(mode)
      await store.close()
    }
  })

  it('of a worker syncs an enqueue, and every commit on request', async () => {
    await prepare('worker')
    const seen: unknown[] = []
    await store.insert({ jobs: Array.from({ length: 1500 }, () => newJob()), on_progress: () => seen.push(synced()) })
    expect(new Set(seen)).to.deep.equal(new Set([FULL]))
    expect(synced()).to.equal(NORMAL)
    store.syncEveryCommit()
    expect(synced()).to.equal(FULL)
  })

  it('reports a full disk, stores nothing, and goes on when space is free (F18)', async () => {
    await prepare('command')
    const pages = (count: number) => db.get(`PRAGMA max_page_count = ${count}`)
    pages(60)
    const many = Array.from({ length: 1000 }, () => newJob())
    expect(await refusal(store.insert({ jobs: many }))).to.include({ code: 'io', exit_code: 74 })
    expect((await store.overview()).total.ready).to.equal(0)
    pages(1_000_000)
    await store.insert({ jobs: many })
    expect((await store.overview()).total.ready).to.equal(1000)
  })

  it('reports a read-only file (F29)', async () => {
    await prepare('command')
    db.get('PRAGMA query_only = ON')
    const error = await refusal(store.insert({ jobs: [newJob()] }))
    expect(error).to.include({ exit_code: 78 })
    expect(error.message).to.match(/read-only/)
  })
})
