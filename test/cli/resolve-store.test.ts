import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { queuectl } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'

describe('which store @posix @fast', () => {
  let home: string
  let cwd: string
  beforeEach(() => {
    home = tempFolder()
    cwd = tempFolder()
  })

  const status = async (args: string[] = [], env: Record<string, string | undefined> = {}) => {
    const { code, stdout, stderr } = await queuectl(['status', '--json', ...args], {
      cwd,
      env: { QUEUECTL_HOME: home, ...env },
    })
    return { code, store: stdout === '' ? null : JSON.parse(stdout).store.label, stderr }
  }

  it('is --db, else QUEUECTL_DB, else the data folder’s own file', async () => {
    expect((await status()).store).to.equal(path.join(home, 'queue.db'))
    expect((await status([], { QUEUECTL_DB: 'b.db' })).store).to.equal(path.join(cwd, 'b.db'))
    expect((await status(['--db', 'a.db'], { QUEUECTL_DB: 'b.db' })).store).to.equal(path.join(cwd, 'a.db'))
    expect((await status(['--db', `sqlite:${cwd}/c.db`])).store).to.equal(path.join(cwd, 'c.db'))
    expect((await status(['--db', 'sqlite://new/c.db'])).store).to.equal(path.join(cwd, 'new', 'c.db'))
  })

  it('needs a home folder only where nothing else names one, and then says so, exit 78', async function () {
    if (process.platform === 'win32') skip(this, 'not for Windows')
    const none = { HOME: '', XDG_DATA_HOME: '', QUEUECTL_HOME: undefined }
    expect((await status(['--db', 'a.db'], none)).store).to.equal(path.join(cwd, 'a.db'))
    const { code, stderr } = await status([], none)
    expect(code).to.equal(78)
    expect(stderr).to.contain('no home folder').and.to.contain('QUEUECTL_HOME')
    expect(existsSync(path.join(cwd, '.local'))).to.equal(false)
  })

  it('may stand in .env of the working folder, and is then named', async () => {
    writeFileSync(path.join(cwd, '.env'), 'QUEUECTL_DB="d.db"\nPATH=/nowhere\n')
    const { code, store, stderr } = await status()
    expect({ code, store }).to.deep.equal({ code: 0, store: path.join(cwd, 'd.db') })
    expect(JSON.parse(stderr).note).to.contain('d.db (QUEUECTL_DB in .env)')
    expect((await status([], { QUEUECTL_DB: 'b.db' })).stderr).to.equal('')
  })

  it('is named too when .env moves the data folder, and when it cannot be opened', async () => {
    writeFileSync(path.join(cwd, '.env'), 'QUEUECTL_HOME=moved\n')
    const moved = await status([], { QUEUECTL_HOME: undefined })
    expect(moved.store).to.equal(path.join(cwd, 'moved', 'queue.db'))
    expect(JSON.parse(moved.stderr).note).to.contain('(QUEUECTL_HOME in .env)')
    writeFileSync(path.join(cwd, '.env'), 'QUEUECTL_DB=redis://user:s3cret@localhost\n')
    const { code, stderr } = await status()
    expect(code).to.equal(78)
    expect(stderr).to.contain('QUEUECTL_DB in .env').and.to.not.contain('s3cret')
  })

  it('is found by known variables of .env alone, and others are named: they are misspelt, or not for people to set', async () => {
    writeFileSync(
      path.join(cwd, '.env'),
      'QUEUECTL_DBB=d.db\nQUEUECTL_SUPERVISOR=../x\nQUEUECTL_DB_WITHHELD=1\nOTHER=1\n',
    )
    const { code, store, stderr } = await status()
    expect({ code, store }).to.deep.equal({ code: 0, store: path.join(home, 'queue.db') })
    expect(JSON.parse(stderr).note).to.match(/not read from there: (QUEUECTL_(DBB|SUPERVISOR|DB_WITHHELD)(, |$)){3}/)
    const { code: started, stdout } = await queuectl(['worker', 'start', '--drain', '--json'], {
      cwd,
      env: { QUEUECTL_HOME: home },
    })
    expect([started, stdout.includes('../x')]).to.deep.equal([0, false])
  })

  it('moves with QUEUECTL_HOME', async () => {
    const other = tempFolder()
    const { store } = await status([], { QUEUECTL_HOME: other })
    expect(store).to.equal(path.join(other, 'queue.db'))
  })

  it('is refused when .env cannot be read, exit 78', async () => {
    symlinkSync('.env', path.join(cwd, '.env'))
    const { code, stderr } = await status()
    expect(code).to.equal(78)
    expect(JSON.parse(stderr).error.message).to.contain('.env')
  })

  it('is kept from a job when it has a password, and the job is told so, exit 78', async () => {
    const env = { QUEUECTL_DB_WITHHELD: '1' }
    const { code, stderr } = await status([], env)
    expect(code).to.equal(78)
    expect(JSON.parse(stderr).error.message).to.contain('password')
    expect((await status(['--db', 'a.db'], env)).code).to.equal(0)
    expect((await status([], { ...env, MONGODB_URI: 'mongodb://localhost/x' })).code).to.equal(78)
    expect(existsSync(path.join(home, 'queue.db'))).to.equal(false)
  })

  it('is never printed with its password (S2)', async () => {
    const { code, stderr } = await status(['--db', 'mongodb://user:s3cret@localhost/x'])
    expect(code).to.not.equal(0)
    expect(stderr).to.not.contain('s3cret')
  })

  it('is refused when it is no store at all', async () => {
    expect((await status(['--db', ''])).code).to.equal(78)
    expect((await status(['--db', 'redis://localhost'])).code).to.equal(78)
    expect((await status(['--db', 'file://elsewhere/queue.db'])).code).to.equal(78)
    expect((await status(['--db', 'file:///%2f'])).code).to.equal(78)
    expect((await status(['--db', cwd])).code).to.be.oneOf([74, 78])
    expect((await status(['--db', '/proc/version'])).code).to.be.oneOf([74, 78])
  })
})
