import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { queuectl } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'

describe('the store that a command uses @posix @fast', () => {
  let home: string
  let cwd: string
  beforeEach(() => {
    home = tempFolder()
    cwd = tempFolder()
  })

  /** Creates a queue and returns where. */
  const init = async (args: string[] = [], env: Record<string, string | undefined> = {}) => {
    const { code, stdout, stderr } = await queuectl(['init', '--json', ...args], {
      cwd,
      env: { QUEUECTL_HOME: home, ...env },
    })
    return { code, store: stdout === '' ? null : JSON.parse(stdout).store, stderr }
  }

  it('is --db, else QUEUECTL_DB, else the file in the data folder', async () => {
    expect((await init()).store).to.equal(path.join(home, 'queue.db'))
    expect((await init([], { QUEUECTL_DB: 'b.db' })).store).to.equal(path.join(cwd, 'b.db'))
    expect((await init(['--db', 'a.db'], { QUEUECTL_DB: 'b.db' })).store).to.equal(path.join(cwd, 'a.db'))
    expect((await init(['--db', `sqlite:${cwd}/c.db`])).store).to.equal(path.join(cwd, 'c.db'))
    expect((await init(['--db', 'sqlite://new/c.db'])).store).to.equal(path.join(cwd, 'new', 'c.db'))
  })

  it('requires a home folder only if nothing else names a store, exit 78', async function () {
    if (process.platform === 'win32') skip(this, 'not for Windows')
    const none = { HOME: '', XDG_DATA_HOME: '', QUEUECTL_HOME: undefined }
    expect((await init(['--db', 'a.db'], none)).store).to.equal(path.join(cwd, 'a.db'))
    const { code, stderr } = await init([], none)
    expect(code).to.equal(78)
    expect(stderr).to.contain('no home folder').and.to.contain('QUEUECTL_HOME')
    expect(existsSync(path.join(cwd, '.local'))).to.equal(false)
  })

  it('can be set in .env of the working folder, and is then printed', async () => {
    writeFileSync(path.join(cwd, '.env'), 'QUEUECTL_DB="d.db"\nPATH=/nowhere\n')
    const { code, store, stderr } = await init()
    expect({ code, store }).to.deep.equal({ code: 0, store: path.join(cwd, 'd.db') })
    expect(JSON.parse(stderr).note).to.contain('d.db (QUEUECTL_DB in .env)')
    expect((await init([], { QUEUECTL_DB: 'b.db' })).stderr).to.equal('')
  })

  it('is also printed when .env moves the data folder, and when it cannot be opened', async () => {
    writeFileSync(path.join(cwd, '.env'), 'QUEUECTL_HOME=moved\n')
    const moved = await init([], { QUEUECTL_HOME: undefined })
    expect(moved.store).to.equal(path.join(cwd, 'moved', 'queue.db'))
    expect(JSON.parse(moved.stderr).note).to.contain('(QUEUECTL_HOME in .env)')
    writeFileSync(path.join(cwd, '.env'), 'QUEUECTL_DB=redis://user:s3cret@localhost\n')
    const { code, stderr } = await init()
    expect(code).to.equal(78)
    expect(stderr).to.contain('QUEUECTL_DB in .env').and.to.not.contain('s3cret')
  })

  it('is set by known variables of .env only; others are reported: they are misspelt or internal', async () => {
    writeFileSync(
      path.join(cwd, '.env'),
      'QUEUECTL_DBB=d.db\nQUEUECTL_SUPERVISOR=../x\nQUEUECTL_DB_WITHHELD=1\nOTHER=1\n',
    )
    const { code, store, stderr } = await init()
    expect({ code, store }).to.deep.equal({ code: 0, store: path.join(home, 'queue.db') })
    expect(JSON.parse(stderr).note).to.match(/ignored in \.env: (QUEUECTL_(DBB|SUPERVISOR|DB_WITHHELD)(, | \()){3}/)
    const { code: started, stdout } = await queuectl(['worker', 'start', '--drain', '--json'], {
      cwd,
      env: { QUEUECTL_HOME: home },
    })
    expect([started, stdout.includes('../x')]).to.deep.equal([0, false])
  })

  it('moves with QUEUECTL_HOME', async () => {
    const other = tempFolder()
    const { store } = await init([], { QUEUECTL_HOME: other })
    expect(store).to.equal(path.join(other, 'queue.db'))
  })

  it('is refused when .env cannot be read, exit 78', async () => {
    symlinkSync('.env', path.join(cwd, '.env'))
    const { code, stderr } = await init()
    expect(code).to.equal(78)
    expect(JSON.parse(stderr).error.message).to.contain('.env')
  })

  it('is withheld from a job if it has a password, and the job’s queuectl reports that, exit 78', async () => {
    const env = { QUEUECTL_DB_WITHHELD: '1' }
    const { code, stderr } = await init([], env)
    expect(code).to.equal(78)
    expect(JSON.parse(stderr).error.message).to.contain('password')
    expect((await init(['--db', 'a.db'], env)).code).to.equal(0)
    expect((await init([], { ...env, MONGODB_URI: 'mongodb://localhost/x' })).code).to.equal(78)
    expect(existsSync(path.join(home, 'queue.db'))).to.equal(false)
  })

  it('is never printed with its password (S2)', async () => {
    const { code, stderr } = await init(['--db', 'mongodb://user:s3cret@localhost/x'])
    expect(code).to.not.equal(0)
    expect(stderr).to.not.contain('s3cret')
  })

  for (const mistyped of [
    'MONGODB://me:s3cret@h/x',
    'MongoDB+SRV://me:s3cret@h',
    'mongodb:/me:s3cret@h',
    'mongodb:me:s3cret@h/x',
    'mongodb+srv:/me:s3cret@h',
    'mongodb//me:s3cret@h/x',
    'mongodb;//me:s3cret@h/x',
    'mongo://me:s3cret@h/x',
    ' mongodb://me:s3cret@h/x',
    '"mongodb://me:s3cret@h/x"',
  ]) {
    it(`is never a file for a mistyped MongoDB URL, exit 2: ${mistyped} (S2)`, async () => {
      const ways = [
        await init(['--db', mistyped]),
        await init([], { QUEUECTL_DB: mistyped }),
        await init([], { MONGODB_URI: mistyped }),
      ]
      for (const { code, store, stderr } of ways) {
        expect({ code, store }, stderr).to.deep.equal({ code: 2, store: null })
        expect(JSON.parse(stderr).error.hint).to.contain('mongodb://user:password@host')
        expect(stderr).to.not.contain('s3cret')
      }
      expect([readdirSync(cwd), readdirSync(home)]).to.deep.equal([[], []])
    })
  }

  it('is a file even if its name contains "mongo"', async () => {
    for (const name of ['mongodb/a:1@b.db', 'mongodb.db', 'mongo-data:1.db'])
      expect((await init(['--db', name])).store).to.equal(path.join(cwd, name))
  })

  it('is refused when the address names no possible store', async () => {
    expect((await init(['--db', ''])).code).to.equal(78)
    expect((await init(['--db', 'redis://localhost'])).code).to.equal(78)
    expect((await init(['--db', 'file://elsewhere/queue.db'])).code).to.equal(78)
    const { code, stderr } = await init(['--db', 'sqlite:redis://me:s3cret@h/x'])
    expect([code, stderr.includes('s3cret')]).to.deep.equal([78, false])
    expect((await init(['--db', 'file:///%2f'])).code).to.equal(78)
    expect((await init(['--db', cwd])).code).to.be.oneOf([74, 78])
    expect((await init(['--db', '/proc/version'])).code).to.be.oneOf([74, 78])
  })
})
