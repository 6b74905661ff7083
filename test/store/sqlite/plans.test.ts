import path from 'node:path'
import { expect } from 'chai'
import { claimFilter } from '../../../src/domain/claim-filter.ts'
import { FINAL_STATES } from '../../../src/domain/job.ts'
import type { JobStore } from '../../../src/store/port.ts'
import { Connection } from '../../../src/store/sqlite/connection.ts'
import { migrate } from '../../../src/store/sqlite/migrate.ts'
import { storeOn } from '../../../src/store/sqlite/store.ts'
import { beatOf, claimOf, FAILURE, put, SUCCESS, settle, take } from '../../contract/kit.ts'
import { tempFolder } from '../../helpers/temp.ts'

// This makes a queue of a million jobs as fast as one of ten: SQLite's query plans show that no statement scans all
// rows or sorts them.
describe('the SQLite statements @fast', () => {
  let db: Connection
  let store: JobStore
  beforeEach(async () => {
    db = new Connection(path.join(tempFolder(), 'queue.db'), 'command')
    await db.configure()
    store = storeOn(db, await migrate(db, () => false))
  })
  afterEach(() => store.close())

  it('of a job’s life scan and sort nothing', async () => {
    await put(store, ['a', 'b', 'c', 'd'])
    await put(store, ['later'], { delay_ms: 1 })
    const a = await take(store)
    await store.claim(claimOf({ filter: claimFilter(['x', 'y']) }))
    const { next } = await settle(store, a, SUCCESS, claimOf({ filter: claimFilter(['default']) }))
    await store.renew({ worker_id: 'w1', tokens: [String(next?.job?.lease_token)], lease_ms: 1 })
    await store.fence({ id: 'b', token: String(next?.job?.lease_token), new_token: 'n', by: 's', lease_ms: 1 })
    await settle(store, await take(store), FAILURE)
    await store.beat(beatOf('s1', ['w1'], ['n']))
    await store.takeControls({ supervisor_id: 's1' })
    await store.cancel({ ids: ['c', 'd'] })
    await store.requeue({ ids: ['d'] })
    await store.promote({ ids: ['c'] })
    await store.get({ id: 'a' })
    await store.findIds({ prefix: 'a', limit: 2 })
    await store.runs({ id: 'a' })
    await store.samples({ since: 0 })
    await store.history({ after: null, limit: 2 })
    await store.history({ after: 2, limit: 2 })
    expect(slow(db)).to.deep.equal([])
  })

  it('of the overview do not depend on the number of jobs', async () => {
    await store.overview()
    // Grouping what is due but not promoted yet: no more than came due since the last claim.
    expect(slow(db).filter((line) => !/GROUP BY/.test(line))).to.deep.equal([])
  })

  it('of purge follow the time of the end', async () => {
    await store.purge({ states: FINAL_STATES, older_than_ms: 0, limit: 9 })
    await store.purge({ states: FINAL_STATES, older_than_ms: 0, limit: 9, queue: 'a' })
    expect(slow(db)).to.deep.equal([])
  })

  it('of a page read it from an index', async () => {
    await put(store, ['a'])
    for (const after of [undefined, 'a']) {
      const page = after === undefined ? { limit: 5 } : { limit: 5, after }
      for (const sort of ['newest', 'oldest'] as const) {
        for (const state of [...FINAL_STATES, 'pending', 'ready', 'scheduled', 'retrying'] as const) {
          // Of ready jobs those that came due since the last claim are sorted.
          if (state !== 'ready') await store.list({ ...page, sort, state })
        }
        await store.list({ ...page, sort })
        await store.list({ ...page, sort, queue: 'default' })
      }
      await store.list({ ...page, sort: 'due', state: 'scheduled' })
      await store.list({ ...page, sort: 'due', state: 'pending' })
    }
    await store.list({ limit: 5, sort: 'finished' })
    await store.list({ limit: 5, sort: 'finished', state: 'dead', finished_since: 5 })
    expect(slow(db)).to.deep.equal([])
  })

  it('of a claim take the first entry of their index', async () => {
    await put(store, ['a'])
    await store.claim(claimOf())
    await store.claim(claimOf({ filter: claimFilter(['a']) }))
    const plans = db
      .statements()
      .filter((sql) => /WHERE ready = 1/.test(sql))
      .map((sql) => plan(db, sql))
    expect(plans).to.have.deep.members([
      ['SCAN jobs USING COVERING INDEX jobs_ready'],
      ['SEARCH jobs USING COVERING INDEX jobs_ready_queue (queue=?)'],
    ])
  })

  it('of a claim that excepts queues look at one entry for each queue, and at few before', async () => {
    await put(store, ['a', 'b'], { queue: 'open' })
    const paused = Array.from({ length: 20 }, (_, i) => `p${i}`)
    await put(store, paused, { queue: 'paused', priority: 9 })
    await put(
      store,
      paused.map((id) => `later-${id}`),
      { queue: 'paused', delay_ms: 60_000 },
    )
    const before = db.statements()
    const except = { filter: claimFilter(null, ['paused']) }
    for (const id of ['a', 'b', undefined]) expect((await store.claim(claimOf(except))).job?.id).to.equal(id)
    const added = db.statements().filter((sql) => !before.includes(sql) && /SELECT queue/.test(sql))
    for (const sql of added) expect(sql).to.match(/LIMIT (1|16)$/)
    expect(added.map((sql) => plan(db, sql))).to.have.deep.members([
      ['SCAN jobs USING INDEX jobs_ready'],
      ['SEARCH jobs USING COVERING INDEX jobs_ready_queue (queue>?)'],
      ['SEARCH jobs USING INDEX jobs_due (ready=?)'],
      ['SEARCH jobs USING COVERING INDEX jobs_waiting_queue (queue>?)'],
    ])
    expect(slow(db)).to.deep.equal([])
  })
})

const LARGE = /^SCAN (jobs|runs|samples)\b/
/** An index that holds few rows, or of which one entry is read. */
const FEW = /USING (COVERING )?INDEX jobs_(ready|held)$/

/** Steps that look at all rows of a large table, or sort; with their statement. */
function slow(db: Connection): string[] {
  const statements = db.statements().filter((sql) => /jobs|runs|samples/.test(sql) && !/^EXPLAIN/.test(sql))
  return statements.flatMap((sql) =>
    plan(db, sql)
      .filter((step) => (LARGE.test(step) && !FEW.test(step) && !/ORDER BY seq/.test(sql)) || /TEMP B-TREE/.test(step))
      .map((step) => `${step}: ${sql}`),
  )
}

function plan(db: Connection, sql: string): string[] {
  const values = Array.from({ length: sql.split('?').length - 1 }, () => null)
  return db.all(`EXPLAIN QUERY PLAN ${sql.replace(/\?\d/g, '?')}`, ...values).map((row) => String(row.detail))
}
