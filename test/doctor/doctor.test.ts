import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { MIGRATIONS } from '../../src/store/sqlite/schema.ts'
import { bad, levels, patient } from '../helpers/patient.ts'
import { freshQueue } from '../helpers/queuectl.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('queuectl doctor @posix', () => {
  it('finds no problem in a healthy queue, as text and as JSON, also while workers run', async () => {
    const { doctor, ok, workers } = await patient()
    expect(bad(await doctor())).to.deep.equal([])
    const text = await ok('doctor')
    expect(text)
      .to.match(/^ok {7}store .*queue\.db \(SQLite .*\)\n/)
      .and.match(/\nno problems found\n$/)
    const running = await workers('--count', '2')
    await ok('enqueue', '--id', 'long', '--', 'sleep 30')
    await waitFor(async () => /processing/.test(await ok('list')), { within: 10_000, what: 'it runs' })
    const report = await doctor()
    expect(bad(report)).to.deep.equal([])
    expect(report).to.include({ ok: true, code: 0, problems: 0, warnings: 0 })
    const checks =
      'store schema integrity indexes counters files filesystem space clock settings registry jobs books leftovers'
    expect(report.findings.map(({ check }) => check)).to.include.members(checks.split(' '))
    await running.stop()
  })

  it('reports that a queue does not exist, and creates none', async () => {
    const { run, home } = freshQueue()
    const { code, stdout } = await run(['doctor'])
    expect(code).to.equal(3)
    expect(stdout).to.match(/^warning {2}store .*no queue at .*queue\.db yet\n\s+queuectl enqueue creates it/)
    expect(readdirSync(home)).to.deep.equal([])
  })

  it('reports what is wrong with a store that cannot be opened, and does not change it', async () => {
    const { home, db, ok, run } = await patient()
    const whole = readFileSync(db)
    const file = (name: string, content: Buffer | string) => {
      writeFileSync(path.join(home, name), content, { mode: 0o600 })
      return path.join(home, name)
    }
    const changed = (name: string, script: string) => {
      const at = file(name, whole)
      const copy = new DatabaseSync(at)
      copy.exec(script)
      copy.close()
      return at
    }
    mkdirSync(path.join(home, 'folder.db'))
    const cases: [string, string, RegExp][] = [
      [file('notes.db', 'dear diary, '.repeat(1000)), 'store', /not a queuectl database/],
      [path.join(home, 'folder.db'), 'store', /cannot open|cannot create/],
      [changed('newer.db', 'PRAGMA user_version = 99'), 'schema', /version 99.*up to/],
      [changed('other.db', 'PRAGMA application_id = 7'), 'store', /another program/],
      [changed('bare.db', 'DROP TABLE runs'), 'schema', /tables changed since queuectl created them: runs/],
      [file('head.db', Buffer.from(whole).fill(0xff, 100, 2048)), 'integrity', /damaged/],
      [file('page.db', Buffer.from(whole).fill(0x55, 2048 * 2, 2048 * 3)), 'integrity', /damaged/],
      ['redis://localhost/1', 'store', /unsupported store address redis/],
    ]
    for (const [address, check, message] of cases) {
      const before = address.startsWith(home) && statSync(address).isFile() ? readFileSync(address) : null
      const { code, stdout, stderr } = await run(['doctor', '--json', '--fix', '--db', address])
      expect(code, address).to.equal(1)
      expect(stderr, address).to.equal('')
      const found = bad(JSON.parse(stdout)).find((finding) => finding.level === 'problem')
      expect(found?.check, address).to.equal(check)
      expect(found?.message, address).to.match(message).and.not.contain('\n')
      expect(found?.remedy, address).to.be.a('string')
      if (before !== null) expect(readFileSync(address).equals(before), `${address} untouched`).to.equal(true)
    }
    expect(await ok('doctor')).to.match(/no problems found/)
  })

  it('does not upgrade an older store by checking it', async () => {
    const { db, run } = freshQueue()
    const old = new DatabaseSync(db)
    old.exec(
      `${MIGRATIONS[0]}; PRAGMA application_id = ${0x7163746c}; PRAGMA user_version = 1; PRAGMA journal_mode = WAL`,
    )
    old.close()
    chmodSync(db, 0o600)
    const { code, stdout } = await run(['doctor', '--fix'])
    expect(code).to.equal(0)
    expect(stdout).to.match(/warning {2}schema .*version 1 of \d+: not upgraded yet\n.*queuectl init/)
    const after = new DatabaseSync(db)
    expect(after.prepare('PRAGMA user_version').get()).to.include({ user_version: 1 })
    after.close()
  })

  it('creates missing indexes and triggers, and corrects counters', async () => {
    const { doctor, sql, json } = await patient()
    sql(`DROP INDEX jobs_ready; DROP INDEX jobs_due; CREATE INDEX jobs_due ON jobs (queue);
      DROP TRIGGER jobs_inserted; UPDATE counters SET completed = 7; CREATE TABLE mine (x)`)
    const report = await doctor()
    expect(levels(report)).to.deep.equal(['schema warning', 'indexes problem', 'counters problem'])
    expect(bad(report)[1]?.message).to.equal(
      'missing or changed: index jobs_ready, index jobs_due, trigger jobs_inserted',
    )
    expect(report.code).to.equal(1)
    const fixed = await doctor('--fix')
    expect(fixed.mended.map(({ check }) => check)).to.deep.equal(['indexes', 'counters'])
    expect(levels(fixed)).to.deep.equal(['schema warning'])
    expect(fixed.code).to.equal(0)
    expect((await json('status')).jobs).to.include({ completed: 1, dead: 1 })
  })

  it('rebuilds indexes that do not match the rows', async () => {
    const { doctor, db, ok } = await patient()
    withSchema(
      db,
      (file) => {
        const index = file.prepare(`SELECT * FROM sqlite_schema WHERE name = 'jobs_finished'`).get() ?? {}
        file.exec(`DELETE FROM sqlite_schema WHERE name = 'jobs_finished'`)
        return Object.values(index)
      },
      (file, index) => {
        file.exec('UPDATE jobs SET finished_at = finished_at + 1')
        file.prepare('INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)').run(...index)
      },
    )
    const report = await doctor()
    expect(levels(report)).to.deep.equal(['integrity problem'])
    expect(bad(report)[0]?.message).to.match(/missing from index jobs_finished/)
    const fixed = await doctor('--fix')
    expect(fixed.mended).to.deep.equal([{ check: 'integrity', message: 'indexes rebuilt' }])
    expect(bad(fixed)).to.deep.equal([])
    expect(await ok('list', '--state', 'completed')).to.contain('a ')
  })
})

/** Edits the schema of the file in two connections: the second one reads the schema that the first has written. */
function withSchema<T>(
  file: string,
  first: (db: DatabaseSync) => T,
  second: (db: DatabaseSync, found: T) => void,
): void {
  const edit = <R>(work: (db: DatabaseSync) => R): R => {
    const db = new DatabaseSync(file, { defensive: false })
    db.exec('PRAGMA writable_schema = ON')
    const result = work(db)
    db.close()
    return result
  }
  const found = edit(first)
  edit((db) => second(db, found))
}
