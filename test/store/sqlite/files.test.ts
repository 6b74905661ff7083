import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { openStore } from '../../../src/store/open.ts'
import { newJob, put, refusal } from '../../contract/kit.ts'
import { NOBODY, needsOpenSources } from '../../helpers/other-user.ts'
import { skip } from '../../helpers/skip.ts'
import { ROOT } from '../../helpers/sources.ts'
import { tempFolder } from '../../helpers/temp.ts'

const fresh = () => path.join(tempFolder(), 'sub', 'queue.db')
const open = (address: string) => openStore({ address, role: 'command', is_alive: () => false })

/** A closed queue with one job. */
async function queue(): Promise<string> {
  const file = fresh()
  const store = await open(file)
  await put(store, ['a'])
  await store.close()
  return file
}

/** A queue whose last user was killed: job `a` is in its file, `b` in its log. Returns both paths. */
async function deserted(): Promise<[string, Buffer]> {
  const [file, copy] = [await queue(), fresh()]
  const store = await open(file)
  await put(store, ['b'])
  mkdirSync(path.dirname(copy))
  for (const part of ['', '-wal']) copyFileSync(file + part, copy + part)
  await store.close()
  return [copy, readFileSync(`${copy}-wal`)]
}

/** Runs Node as a user without any rights here, where possible; root may write anywhere. */
function asNobody(args: readonly string[]) {
  const nobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  return spawnSync(process.execPath, args, { ...nobody, env: { QUEUECTL_HOME: '/none' }, cwd: '/', encoding: 'utf8' })
}

/** Asserts that opening `file` fails with that exit code and does not change it. */
async function refused(file: string, exit_code: number, message: RegExp): Promise<void> {
  const before = readFileSync(file)
  const error = await refusal(open(file))
  expect(error).to.include({ exit_code })
  expect(error.message).to.match(message).and.contain(file)
  expect(error.message).to.not.contain('\n')
  expect(readFileSync(file).equals(before), 'untouched').to.equal(true)
}

describe('the SQLite file', () => {
  it('is private, for any umask (S7)', async function () {
    if (process.getuid === undefined) skip(this, 'no file modes on Windows')
    const file = fresh()
    const umask = process.umask(0)
    const store = await open(file)
    await put(store, ['a'])
    const mode = (name: string) => (statSync(name).mode & 0o777).toString(8)
    const modes = [path.dirname(file), file, `${file}-wal`, `${file}-shm`].map(mode)
    process.umask(umask)
    await store.close()
    expect(modes).to.deep.equal(['700', '600', '600', '600'])
  })

  it('keeps the mode of an existing file', async function () {
    if (process.getuid === undefined) skip(this, 'no file modes on Windows')
    const file = fresh()
    mkdirSync(path.dirname(file), { mode: 0o755 })
    writeFileSync(file, '', { mode: 0o640 })
    await (await open(file)).close()
    expect(statSync(path.dirname(file)).mode & 0o777).to.equal(0o755)
    expect(statSync(file).mode & 0o777).to.equal(0o640)
  })

  it('of another program is refused', async () => {
    const file = path.join(tempFolder(), 'other.db')
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE theirs (x)')
    other.close()
    await refused(file, 78, /another program/)
  })

  it('that is not a database is refused', async () => {
    const file = path.join(tempFolder(), 'notes.txt')
    writeFileSync(file, 'dear diary, '.repeat(1000))
    await refused(file, 78, /not a queuectl database/)
  })

  it('of a newer queuectl is refused by both versions (F29)', async () => {
    const file = await queue()
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 99')
    db.close()
    await refused(file, 78, /version 99.*up to \d+/)
  })

  it('that is damaged is refused (F29)', async () => {
    const file = await queue()
    const bytes = readFileSync(file)
    bytes.fill(0xff, 100, 2048)
    writeFileSync(file, bytes)
    await refused(file, 78, /damaged/)
    const torn = await queue()
    truncateSync(torn, 3000)
    expect(await refusal(open(torn).then((store) => store.get({ id: 'a' })))).to.include({ exit_code: 78 })
  })

  it('that is missing while its log exists is refused, and the log is kept (F29)', async () => {
    for (const lose of [rmSync, truncateSync]) {
      const [file, log] = await deserted()
      lose(file)
      const error = await refusal(open(file))
      expect(error).to.include({ exit_code: 78 })
      expect(error.message).to.match(/is (missing|empty), but its log .*queue\.db-wal exists/)
      expect(readFileSync(`${file}-wal`).equals(log)).to.equal(true)
    }
  })

  it('without its log contains what was moved into it so far, and is intact (F29)', async () => {
    const [file] = await deserted()
    rmSync(`${file}-wal`)
    const store = await open(file)
    expect(await store.get({ id: 'a' })).to.include({ state: 'pending' })
    expect(await store.get({ id: 'b' })).to.equal(null)
    await put(store, ['c'])
    await store.close()
  })

  it('that is read-only is refused by name, also in a read-only folder (F29)', async function () {
    if (process.platform === 'win32') return skip(this, 'not for Windows')
    needsOpenSources(this)
    const file = await queue()
    const folder = path.dirname(file)
    const run = (...args: string[]) => asNobody([path.join(ROOT, 'src/main.ts'), ...args, '--db', file])
    chmodSync(file, 0o444)
    chmodSync(folder, 0o555)
    chmodSync(path.dirname(folder), 0o755)
    for (const args of [['list'], ['enqueue', '--', 'true'], ['worker', 'start', '--drain']]) {
      const { status, stderr } = run(...args)
      expect([status, stderr.match(/read-only|cannot open|folder/)?.length], args.join(' ')).to.deep.equal([78, 1])
    }
    expect(readdirSync(folder)).to.deep.equal(['queue.db'])
    // Otherwise it could not be removed.
    chmodSync(folder, 0o700)
  })

  it('that is a folder, or cannot be created, is refused', async () => {
    expect(await refusal(open(tempFolder()))).to.include({ exit_code: 78 })
    const file = path.join(tempFolder(), 'file')
    writeFileSync(file, '')
    expect(await refusal(open(path.join(file, 'queue.db')))).to.include({ exit_code: 78 })
  })

  it('contains all accepted jobs when it is opened again', async () => {
    const file = await queue()
    const store = await open(file)
    expect(await store.get({ id: 'a' })).to.include({ state: 'pending' })
    expect((await store.insert({ jobs: [newJob()] }))[0]?.existing).to.equal(false)
    await store.close()
  })
})
