import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { openStore } from '../../../src/store/open.ts'
import type { JobStore } from '../../../src/store/port.ts'
import { beatOf, claimOf, ended, newJob, put, refusal, SUCCESS, settle, take } from '../../contract/kit.ts'
import { tempFolder } from '../../helpers/temp.ts'

// The file belongs to its owner: a user with write access can store what queuectl never would.

describe('a SQLite file edited by another program @fast', () => {
  let store: JobStore
  let edit: (sql: string, ...values: (string | bigint)[]) => void
  beforeEach(async () => {
    const file = path.join(tempFolder(), 'queue.db')
    store = await openStore({ address: file, role: 'command', is_alive: () => false })
    edit = (sql, ...values) => {
      const db = new DatabaseSync(file)
      db.exec('PRAGMA ignore_check_constraints = ON')
      db.prepare(sql).run(...values)
      db.close()
    }
  })
  afterEach(() => store.close())

  for (const [column, value] of [
    ['env', '{'],
    ['env', '{"A":1}'],
    ['command', 'true\0rm'],
    ['runs', 2n ** 63n - 1n],
    ['attempts', -1n],
  ] as const) {
    it(`quarantines a job with ${column} ${value} as dead, so that the others go on`, async () => {
      await put(store, ['edited', 'other'])
      edit(`UPDATE jobs SET ${column} = ? WHERE id = 'edited'`, value)
      const other = await take(store)
      expect(other.id).to.equal('other')
      await settle(store, other, SUCCESS)
      const edited = await store.get({ id: 'edited' })
      expect(edited).to.include({ state: 'dead', env: null, lease_token: null, started_at: null })
      expect(edited?.reason).to.match(/^its stored (env|command|numbers|attempts) (is|are) damaged$/)
      expect((await store.overview()).total).to.include({ ready: 0, processing: 0, completed: 1, dead: 1 })
    })
  }

  it('quarantines any number of them', async () => {
    await store.insert({ jobs: Array.from({ length: 250 }, () => newJob()) })
    edit(`UPDATE jobs SET env = '['`)
    await put(store, ['other'])
    for (let claims = 0; claims < 2; claims++) {
      expect(await store.claim(claimOf())).to.deep.equal({ job: null, next_due_ms: 0 })
    }
    expect((await take(store)).id).to.equal('other')
    expect((await store.overview()).total).to.include({ ready: 0, dead: 250 })
  })

  it('is read even if a number is too large for JavaScript, or not a time', async () => {
    await put(store, ['edited'])
    edit('UPDATE jobs SET created_at = ?, next_run_at = ?, priority = ?', 2n ** 63n - 1n, -(2n ** 63n), 2n ** 60n)
    const [job] = await store.list({ sort: 'oldest', limit: 9 })
    expect(job).to.include({ id: 'edited', created_at: 0, next_run_at: 0, priority: 0 })
    expect(await store.get({ id: 'edited' })).to.deep.equal(job)
    await put(store, ['other'])
    expect((await take(store)).id).to.equal('other')
  })

  it('shows the valid parts of runs', async () => {
    await ended(store, 'edited', SUCCESS)
    edit(`UPDATE runs SET started_at = ?, exit_code = ?, outcome = 'x'`, 2n ** 63n - 1n, 2n ** 62n)
    expect((await store.runs({ id: 'edited' }))[0]).to.include({ started_at: 0, exit_code: null, outcome: 'x' })
  })

  it('uses defaults for invalid settings, and ignores invalid samples and requests', async () => {
    const sample = { supervisor_id: 's1', done: 1, failed: 0, processes: [] }
    await store.beat({ ...beatOf('s1', []), sample })
    await store.setConfig({ key: 'max_retries', value: 5 })
    await store.ask({ id: 'c1', supervisor_id: 's1', kind: 'scale', args: { count: 2 } })
    await store.ask({ id: 'c2', supervisor_id: 's1', kind: 'stop', args: {} })
    edit(`UPDATE config SET value = '{'`)
    edit(`UPDATE samples SET body = 'null'`)
    edit(`UPDATE controls SET args = '{"count":1000000}' WHERE id = 'c1'`)
    expect(await store.config()).to.deep.equal({})
    expect(await store.samples({ since: 0 })).to.deep.equal([])
    expect((await store.takeControls({ supervisor_id: 's1' })).map(({ id }) => id)).to.deep.equal(['c2'])
    expect(await store.takeControls({ supervisor_id: 's1' })).to.deep.equal([])
    expect(await store.control({ id: 'c1' })).to.equal(null)
  })

  it('keeps an unidentifiable process registered, as one of another host', async () => {
    await store.beat(beatOf('s1', ['w1']))
    edit(`UPDATE processes SET body = '[]'`)
    const rows = await store.processes()
    expect(rows.map(({ id, kind }) => `${id} ${kind}`)).to.have.members(['s1 supervisor', 'w1 worker'])
    expect(rows.every(({ identity, beats }) => identity.host_id === '' && beats === 1)).to.equal(true)
    await store.beat(beatOf('s1', ['w1']))
    expect((await store.processes()).every(({ identity }) => identity.host_id === 'h')).to.equal(true)
  })

  it('reports when it cannot go on, exit 78', async () => {
    await put(store, ['a'])
    edit('DROP TABLE runs')
    const error = await refusal(store.runs({ id: 'a' }))
    expect(error).to.include({ exit_code: 78 })
    expect(error.message).to.contain('does not have the schema of queuectl: no such table: runs')
    expect(error.hint).to.contain('queuectl doctor')
  })
})
