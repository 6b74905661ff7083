import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { backupStore, openStore } from '../../src/store/open.ts'
import { Connection } from '../../src/store/sqlite/connection.ts'
import { replaceContents } from '../../src/store/sqlite/replace.ts'
import { MIGRATIONS } from '../../src/store/sqlite/schema.ts'
import { auditStore } from '../../src/views/audit-view.ts'
import { put } from '../contract/kit.ts'
import { collect, freshQueue } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { Scene } from '../helpers/supervised.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

const ASIDE = /before-restore/

/** Ids of all jobs in a queue's file. */
async function idsIn(file: string): Promise<string[]> {
  const store = await openStore({ address: file, role: 'command', is_alive: () => false })
  const ids: string[] = []
  const { ok } = await auditStore(store, ({ job }) => ids.push(job?.id ?? '?'))
  await store.close()
  expect(ok, 'the run history has no faults').to.equal(true)
  return ids
}

/** A queue with a backup that holds the job `old`; the job `new` was added afterwards. */
async function backedUp() {
  const queue = freshQueue()
  const file = path.join(tempFolder(), 'b.db')
  const store = await openStore({ address: queue.db, role: 'command', is_alive: () => false })
  await put(store, ['old'])
  await store.setConfig({ key: 'max_retries', value: 7 })
  await backupStore({ address: queue.db, file, replace: false })
  await store.setConfig({ key: 'max_retries', value: null, unset: true })
  await put(store, ['new'])
  await store.close()
  // Two processes that close the file at the same time may both leave its log behind.
  const files = () => readdirSync(queue.home).filter((name) => /\.db/.test(name) && !/(\.d|-wal|-shm)$/.test(name))
  const aside = () => path.join(queue.home, files().find((name) => ASIDE.test(name)) ?? 'none')
  return { ...queue, file, files, aside }
}

describe('queuectl restore @posix', () => {
  it('replaces the queue with the backup, and keeps the old file', async () => {
    const { db, file, run, json, files, aside, drain } = await backedUp()
    const { code, stdout } = await run(['restore', file])
    expect(code).to.equal(0)
    expect(stdout).to.contain(`${db} now holds 1 job from ${file}\n`).and.contain(`the old file is ${aside()}\n`)
    expect((await json('list')).map(({ id }: { id: string }) => id)).to.deep.equal(['old'])
    expect(await json('config', 'get', 'max_retries')).to.include({ value: 7 })
    expect(await idsIn(aside())).to.deep.equal(['old', 'new'])
    expect(files()).to.have.length(2)
    await json('enqueue', '--id', 'later', '--', 'true')
    expect((await drain()).code).to.equal(0)
    expect(await json('audit')).to.deep.include({ ok: true, starts: 2 })
    expect((await json('status')).jobs).to.include({ completed: 2, ready: 0 })
  })

  it('creates a queue if none exists', async () => {
    const { file } = await backedUp()
    const elsewhere = path.join(tempFolder(), 'sub', 'other.db')
    const { json } = freshQueue()
    const done = await json('restore', file, '--db', elsewhere)
    expect(done).to.deep.equal({ store: elsewhere, jobs: 1, released: 0, aside: null })
    expect(await idsIn(elsewhere)).to.deep.equal(['old'])
  })

  it('R12: is refused while a registered process lives', async () => {
    const { file, db, run, workers, files } = await backedUp()
    const running = await workers()
    const { code, stderr } = await run(['restore', file, '--force'])
    await running.stop()
    expect(code).to.equal(75)
    expect(stderr).to.match(/(supervisor|worker) \S+ \(pid \d+ on .*\) uses .*\n {2}.*queuectl worker stop/)
    expect(files()).to.deep.equal(['queue.db'])
    expect(await idsIn(db)).to.deep.equal(['old', 'new'])
  })

  it('R12: releases running jobs, uncounted, and empties the registry', async () => {
    const scene = await Scene.open()
    const file = path.join(scene.home, 'b.db')
    const id = await scene.add('[ -e go ] || sleep 60')
    const { child } = await scene.start()
    await scene.until(id, { state: 'processing' }, 10_000)
    await waitFor(async () => (await scene.rows()).length === 2, { within: 10_000, what: 'both are registered' })
    expect(await scene.run('backup', file)).to.include({ code: 0 })
    child.kill('SIGKILL')
    // The run of a dead worker may continue: no second run may start beside it.
    await scene.run('worker', 'stop', '--force')
    const { code, stdout } = await scene.run('restore', file)
    expect(code).to.equal(0)
    expect(stdout).to.contain('1 job that had been running is pending again')
    expect(await scene.rows()).to.deep.equal([])
    expect(await scene.job(id)).to.include({ state: 'pending', attempts: 0, interruptions: 0, runs: 1 })
    const [run] = await scene.runs(id)
    expect(run).to.include({ outcome: 'released', cause: 'restored', number: 1 })
    writeFileSync(path.join(scene.home, 'go'), '')
    await scene.run('worker', 'start', '--drain', '--timeout', '20s')
    expect(await scene.job(id)).to.include({ state: 'completed', runs: 2 })
    await scene.finish()
  })

  it('R12: is refused while the run of a dead worker may continue', async () => {
    const { file, db, run, json } = await backedUp()
    const raw = new DatabaseSync(db)
    raw.exec(`UPDATE jobs SET state = 'processing', ready = 0, runs = 1, processing_by = 'w', lease_token = 't', run_token = 't',
      locked_at = 1, lease_expires_at = 1, started_at = 1 WHERE id = 'new'`)
    raw.close()
    const { code, stderr } = await run(['restore', file])
    expect(code).to.equal(75)
    expect(stderr).to.match(/run of job new may not have ended\n.*worker stop.*--force/)
    expect(await json('restore', file, '--force')).to.include({ jobs: 1 })
  })

  it('refuses a file that is no backup, and changes nothing', async () => {
    const { file, db, run, files } = await backedUp()
    const folder = tempFolder()
    const bad = (name: string, make: (name: string) => void) => {
      make(path.join(folder, name))
      return path.join(folder, name)
    }
    const cases: [string, number, RegExp][] = [
      [path.join(folder, 'none'), 3, /no backup at/],
      [folder, 2, /is not a file/],
      [db, 2, /is the queue itself/],
      [bad('diary', (name) => writeFileSync(name, 'dear diary, '.repeat(1000))), 78, /not a queuectl database/],
      [bad('empty', (name) => writeFileSync(name, '')), 78, /is empty/],
      [bad('torn', (name) => truncate(name, file)), 78, /is damaged/],
      [bad('newer', (name) => change(name, file, 'PRAGMA user_version = 99')), 78, /version 99.*up to/],
      [bad('other', (name) => change(name, file, 'PRAGMA application_id = 5')), 78, /another program/],
    ]
    for (const [name, code, message] of cases) {
      const refused = await run(['restore', name])
      expect(refused.stderr, name).to.match(message)
      expect(refused.code, name).to.equal(code)
    }
    expect(files()).to.deep.equal(['queue.db'])
    expect(await idsIn(db)).to.deep.equal(['old', 'new'])
  })

  it('upgrades a backup of an older queuectl', async () => {
    const { run, db } = freshQueue()
    const file = path.join(tempFolder(), 'old.db')
    const old = new DatabaseSync(file)
    old.exec(`${MIGRATIONS[0]}; PRAGMA application_id = ${0x7163746c}; PRAGMA user_version = 1;
      INSERT INTO jobs (id, command, queue, priority, max_retries, max_interruptions, backoff_base, backoff_max, insert_token, state,
        ready, next_run_at, created_at, updated_at) VALUES ('a', 'true', 'default', 0, 3, 3, 2, 60, 't', 'pending', 1, 1, 1, 1)`)
    old.close()
    expect(await run(['restore', file])).to.include({ code: 0 })
    expect(await idsIn(db)).to.deep.equal(['a'])
  })

  it('replaces an unreadable queue only with --force, and keeps its files', async () => {
    const { file, db, run, files, aside } = await backedUp()
    const bytes = readFileSync(db)
    writeFileSync(db, bytes.fill(0xff, 100, 2048))
    const refused = await run(['restore', file])
    expect(refused).to.include({ code: 75 })
    expect(refused.stderr).to.match(/is damaged.*cannot check whether workers use it\n {2}.*--force/)
    expect(files()).to.deep.equal(['queue.db'])
    const { code, stdout } = await run(['restore', file, '--force'])
    expect(code).to.equal(0)
    expect(stdout).to.contain(aside())
    expect(readFileSync(aside()).equals(bytes), 'kept unchanged').to.equal(true)
    expect(await idsIn(db)).to.deep.equal(['old'])
  })

  it('keeps jobs that were accepted while it created the queue', async () => {
    const { file } = await backedUp()
    const db = path.join(tempFolder(), 'new.db')
    const target = new Connection(db, 'command')
    // At this moment it has checked the file, but does not hold the lock yet.
    const { writeSlowly } = Connection.prototype
    target.writeSlowly = async (work) => {
      const store = await openStore({ address: db, role: 'command', is_alive: () => false })
      await put(store, ['accepted'])
      await store.close()
      return writeSlowly.call(target, work)
    }
    const ready = path.join(tempFolder(), 'ready.db')
    copyFileSync(file, ready)
    const use = { force: false, liveness: () => 'gone' as const }
    const aside = await replaceContents(target, { ready, asideOf: (at) => `${at}.aside`, ...use })
    target.close()
    expect(await idsIn(db)).to.deep.equal(['old'])
    expect(await idsIn(String(aside))).to.deep.equal(['accepted'])
  })

  it('never replaces the database of another program', async () => {
    const { file, run, home } = await backedUp()
    const other = path.join(home, 'other.sqlite')
    const theirs = new DatabaseSync(other)
    theirs.exec('CREATE TABLE theirs (x)')
    theirs.close()
    const before = readFileSync(other)
    expect(await run(['restore', file, '--force', '--db', other])).to.include({ code: 78 })
    expect(readFileSync(other).equals(before)).to.equal(true)
  })

  it('loses no job that is accepted during the restore: it is in the queue, or in the old file @slow', async () => {
    const { file, db, run, aside } = await backedUp()
    const enqueued = Array.from({ length: 6 }, (_, n) => run(['enqueue', '--id', `mid${n}`, '--', 'true']))
    const [restored, ...ended] = await Promise.all([run(['restore', file]), ...enqueued])
    expect(restored.code).to.equal(0)
    const accepted = ended.flatMap(({ code, stdout }) => (code === 0 ? [stdout.trim()] : []))
    const found = new Set([...(await idsIn(db)), ...(await idsIn(aside()))])
    expect(accepted.filter((id) => !found.has(id))).to.deep.equal([])
    expect(accepted).to.have.length(6)
  })

  it('replaces everything or nothing when it is killed @slow', async function () {
    if (process.platform === 'win32') skip(this, 'not for Windows')
    this.timeout(120_000)
    const { db, run, start, ok, home } = freshQueue()
    const lines = Array.from({ length: 10_000 }, () => '{"command": "true"}').join('\n')
    await run(['enqueue', '-'], { input: lines })
    const file = path.join(tempFolder(), 'b.db')
    await ok('backup', file)
    await ok('enqueue', '--', 'true')
    for (const ms of [5, 60, 120, 200, 280]) {
      const child = start(['restore', file])
      const ended = collect(child)
      await waitFor(() => child.exitCode !== null || readdirSync(home).some((name) => /\.tmp$/.test(name)), {
        within: 10_000,
        what: 'it began',
      })
      setTimeout(() => child.kill('SIGKILL'), ms)
      const { code } = await ended
      const count = (await idsIn(db)).length
      if (code === 0) expect(count).to.equal(10_000)
      else expect(count).to.be.oneOf([10_000, 10_001])
      if (count === 10_000) break
    }
  })
})

function truncate(name: string, from: string): void {
  copyFileSync(from, name)
  truncateSync(name, 20_000)
}

function change(name: string, from: string, sql: string): void {
  copyFileSync(from, name)
  const db = new DatabaseSync(name)
  db.exec(sql)
  db.close()
}
