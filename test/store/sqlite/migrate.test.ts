import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Connection, type Row } from '../../../src/store/sqlite/connection.ts'
import { migrate, setVersion } from '../../../src/store/sqlite/migrate.ts'
import { MIGRATIONS } from '../../../src/store/sqlite/schema.ts'
import { storeOn } from '../../../src/store/sqlite/store.ts'
import { beatOf, put, refusal } from '../../contract/kit.ts'
import { tempFolder } from '../../helpers/temp.ts'

const CLAIMER = fileURLToPath(new URL('../../fixtures/claimer.ts', import.meta.url))
const NEXT = [...MIGRATIONS, 'ALTER TABLE jobs ADD COLUMN more TEXT']

/** A connection that another one overtakes right after its first check. */
class Interrupted extends Connection {
  meanwhile: (() => void) | null = null

  override get(sql: string, ...values: Parameters<Connection['all']>[1][]): Row | undefined {
    const row = super.get(sql, ...values)
    const { meanwhile } = this
    this.meanwhile = null
    meanwhile?.()
    return row
  }
}

describe('the SQLite schema', function () {
  this.timeout(60_000)
  let db: Connection
  beforeEach(async () => {
    db = new Connection(path.join(tempFolder(), 'queue.db'), 'command')
    await db.configure()
  })
  afterEach(() => db.close())

  it('is created by any number of processes at once', async () => {
    const file = path.join(tempFolder(), 'new.db')
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, [CLAIMER, file, 'w'], { stdio: 'inherit' }),
    )
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'close'))[0]))
    expect(codes).to.deep.equal([0, 0, 0, 0, 0, 0])
  })

  it('is not taken for another program’s by a reader while it is created', async () => {
    db.exec('PRAGMA journal_mode = WAL')
    const looker = new Interrupted(db.path, 'command')
    try {
      looker.meanwhile = () => {
        for (const script of MIGRATIONS) db.exec(script)
        setVersion(db, MIGRATIONS.length)
      }
      expect(await migrate(looker, () => true)).to.equal(MIGRATIONS.length)
      expect(looker.meanwhile, 'it was created meanwhile').to.equal(null)
    } finally {
      looker.close()
    }
  })

  it('is upgraded with its jobs (F29)', async () => {
    await migrate(db, () => true)
    await put(storeOn(db, 1), ['a'])
    expect(await migrate(db, () => false, NEXT)).to.equal(NEXT.length)
    expect(db.get('SELECT id, more FROM jobs')).to.include({ id: 'a', more: null })
    expect(await migrate(db, () => true, NEXT)).to.equal(NEXT.length)
  })

  it('is upgraded from the first version: its jobs keep their shell', async () => {
    await migrate(db, () => true, MIGRATIONS.slice(0, 1))
    db.exec(`INSERT INTO jobs (id, command, queue, priority, max_retries, max_interruptions, backoff_base, backoff_max,
      insert_token, state, ready, next_run_at, created_at, updated_at)
      VALUES ('a', 'true', 'default', 0, 3, 3, 2, 60, 't', 'pending', 1, 0, 0, 0)`)
    const store = storeOn(db, await migrate(db, () => false))
    expect((await store.get({ id: 'a' }))?.shell).to.equal('default')
    await put(store, ['b'], { shell: 'powershell' })
    expect((await store.get({ id: 'b' }))?.shell).to.equal('powershell')
  })

  it('R12: is not upgraded while a registered process lives', async () => {
    await migrate(db, () => true)
    await storeOn(db, 1).beat(beatOf('s1', ['w1']))
    const asked: number[] = []
    const alive = (identity: { pid: number }) => asked.push(identity.pid) > 0 && identity.pid === 102
    const error = await refusal(migrate(db, alive, NEXT))
    expect(error).to.include({ code: 'try_again', exit_code: 75 })
    expect(error.message).to.contain('102')
    expect(asked).to.include(102)
    expect(db.get('PRAGMA user_version')).to.include({ user_version: MIGRATIONS.length })
    expect(await migrate(db, () => false, NEXT)).to.equal(NEXT.length)
  })

  it('keeps its version when an upgrade fails', async () => {
    await migrate(db, () => false)
    const broken = [...NEXT, 'CREATE TABLE jobs (x)']
    expect(await migrate(db, () => false, broken).catch((error) => String(error))).to.match(/already exists/)
    expect(await migrate(db, () => false)).to.equal(MIGRATIONS.length)
  })

  it('refuses impossible rows', async () => {
    await migrate(db, () => false)
    await put(storeOn(db, 1), ['a'])
    const impossible = [
      `state = 'processing', ready = 0`,
      `lease_token = 't'`,
      `state = 'completed', ready = 0`,
      `state = 'dead', ready = 1, finished_at = 1`,
      `state = 'lost', ready = 0`,
      `ready = 2`,
      `finished_at = 1`,
      `cancel_requested_at = 1`,
    ]
    for (const change of impossible) {
      expect(() => db.run(`UPDATE jobs SET ${change}`), change).to.throw(/CHECK constraint/)
    }
  })
})
