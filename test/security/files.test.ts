import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { NOBODY, needsOpenSources } from '../helpers/other-user.ts'
import { queuectl, type RunOptions } from '../helpers/queuectl.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'

/** Runs the program with a umask that removes no permission. */
const OPEN_HANDED = ['/bin/sh', '-c', 'umask 0; exec "$@"', 'sh']
const AS_NOBODY = ['setpriv', '--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups']

describe('files @posix', function () {
  this.timeout(120_000)
  let home: string
  before(function () {
    if (process.getuid === undefined) return skip(this, 'no file modes on Windows')
  })
  beforeEach(() => {
    home = path.join(tempFolder(), 'data')
  })

  const run = (args: readonly string[], options: RunOptions = {}) =>
    queuectl(args, { cwd: path.dirname(home), ...options, env: { QUEUECTL_HOME: home, ...options.env } })
  const ok = async (...args: string[]) => {
    const ended = await run(args, { through: OPEN_HANDED })
    expect(ended, args.join(' ')).to.include({ code: 0 })
    return ended.stdout
  }
  const refused = async (args: readonly string[], text: RegExp, options: RunOptions = {}) => {
    const { code, stderr } = await run(args, options)
    expect(code, stderr).to.equal(78)
    expect(stderr).to.match(text)
  }

  it('are created for their owner only, for any umask (S7)', async () => {
    await ok('enqueue', '--id', 'one', '--', 'echo out; sleep 1')
    await ok('worker', 'start', '--detach', '--count', '2')
    const during = new Set(filesBelow(home))
    await ok('wait', 'one', '--timeout', '40s')
    await ok('config', 'set', 'grace', '5s')
    await ok('backup', path.join(home, 'copy.db'))
    await ok('worker', 'stop')
    const files = filesBelow(home)
    expect(files.filter((name) => /\.log$/.test(name))).to.have.length(2)
    expect(files).to.include('copy.db')
    expect([...during].some((name) => /-wal$/.test(name))).to.equal(true)
    expect(modesBelow(home)).to.deep.equal({ folder: ['700'], file: ['600'] })
  })

  describe('in places that others can write', () => {
    beforeEach(() => ok('enqueue', '--id', 'one', '--', 'echo ran > ran'))

    const state = async () => JSON.parse(await ok('show', 'one', '--json')).state

    it('are not created through a link: folders of logs and the journal (S22)', async () => {
      await ok('cancel', 'one')
      await ok('enqueue', '--max-retries', '0', '--', 'true')
      for (const name of ['queue.db.d', 'queue.db.d/run', 'queue.db.d/logs']) {
        const elsewhere = tempFolder()
        const link = path.join(home, name)
        mkdirSync(path.dirname(link), { recursive: true, mode: 0o700 })
        symlinkSync(elsewhere, link)
        const { stdout, stderr } = await run(['worker', 'start', '--drain', '--timeout', '30s'])
        expect(stdout + stderr, name).to.contain(`${link} is not a folder`)
        expect(readdirSync(elsewhere), name).to.deep.equal([])
        rmSync(path.join(home, 'queue.db.d'), { recursive: true })
      }
    })

    it('are not created through a link: the log of SQLite, and a backup (S22)', async () => {
      const target = path.join(tempFolder(), 'target')
      writeFileSync(target, 'precious')
      for (const name of ['queue.db-wal', 'queue.db-shm']) {
        symlinkSync(target, path.join(home, name))
        const { code } = await run(['enqueue', '--', 'true'])
        expect([name, code]).to.deep.equal([name, 78])
        unlinkSync(path.join(home, name))
      }
      symlinkSync(target, path.join(home, 'copy.db'))
      expect((await run(['backup', path.join(home, 'copy.db')])).code).to.not.equal(0)
      expect(readFileSync(target, 'utf8')).to.equal('precious')
      expect(await state()).to.equal('pending')
    })

    it('are the same for each name of a queue: they are next to its file', async () => {
      const link = path.join(tempFolder(), 'link.db')
      symlinkSync(path.join(home, 'queue.db'), link)
      await ok('worker', 'start', '--drain', '--db', link)
      expect(readdirSync(path.dirname(link))).to.deep.equal(['link.db'])
      expect(readdirSync(home)).to.include('queue.db.d')
      expect(await ok('show', 'one', '--db', link)).to.contain('completed')
    })

    it('are refused if a queue is a broken link: SQLite would create it, readable by others (S7, S22)', async () => {
      const link = path.join(home, 'link.db')
      symlinkSync(path.join(home, 'nowhere.db'), link)
      await refused(['enqueue', '--db', link, '--', 'true'], /is a broken link/)
      expect(readdirSync(home).sort()).to.deep.equal(['link.db', 'queue.db'])
    })

    it('are refused in a folder that others may write (S22)', async () => {
      const folder = path.join(home, 'queue.db.d')
      mkdirSync(folder)
      for (const mode of [0o720, 0o702, 0o777]) {
        chmodSync(folder, mode)
        await refused(['worker', 'start', '--drain'], /other users may write to the folder .*queue\.db\.d/)
      }
      expect(await state()).to.equal('pending')
    })

    it('are refused in a folder that belongs to another user (S22)', async function () {
      if (process.getuid?.() !== 0) return skip(this, 'needs root')
      needsOpenSources(this)
      const folder = path.join(home, 'queue.db.d')
      mkdirSync(folder)
      chmodSync(folder, 0o755)
      for (const at of [path.dirname(home), home]) chmodSync(at, 0o777)
      chownSync(path.join(home, 'queue.db'), NOBODY, NOBODY)
      const { code, stderr } = await run(['worker', 'start', '--drain'], { through: AS_NOBODY })
      expect([code, /belongs to another user/.test(stderr)]).to.deep.equal([78, true])
    })

    it('that any user may write to are refused by workers, so that no planted command runs (S20) @slow', async () => {
      chmodSync(path.join(home, 'queue.db'), 0o666)
      await refused(['worker', 'start', '--drain'], /any user may write to .*queue\.db[\s\S]*chmod o-w/)
      await refused(['worker', 'start', '--detach'], /any user may write to/)
      expect(await state()).to.equal('pending')
      chmodSync(path.join(home, 'queue.db'), 0o660)
      await ok('worker', 'start', '--drain')
      expect(await state()).to.equal('completed')
    })
  })
})

/** Files and folders below `folder`, from there. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
}

function modesBelow(folder: string): Record<'folder' | 'file', string[]> {
  const modes = { folder: new Set<string>(), file: new Set<string>() }
  for (const name of ['', ...filesBelow(folder)]) {
    // A file that was just closed may be about to disappear.
    const stat = lstatSync(path.join(folder, name), { throwIfNoEntry: false })
    if (stat !== undefined) modes[stat.isDirectory() ? 'folder' : 'file'].add((stat.mode & 0o777).toString(8))
  }
  return { folder: [...modes.folder], file: [...modes.file] }
}
