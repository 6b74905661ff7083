import { spawnSync } from 'node:child_process'
import { appendFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { newToken } from '../../src/domain/ids.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { openRunJournal } from '../../src/runs/journal.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'

describe('the journal of runs (R5) @posix @fast', () => {
  const folder = tempFolder()
  const journal = openRunJournal(folder)
  const file = (token: string) => path.join(folder, 'run', token)
  const start = (token: string) => ({ token, job: 'job1', run: 2, pid: 4711, start: '123456', worker_id: 'w-1' })
  const OUTCOMES: Outcome[] = [
    { kind: 'exit', exit_code: 3 },
    { kind: 'signal', signal: 'SIGKILL' },
    { kind: 'timeout', exit_code: null, signal: 'SIGTERM' },
    { kind: 'cannot_start', message: 'line 1\nline 2' },
    { kind: 'cancelled', exit_code: 0, signal: null },
    { kind: 'released', cause: 'end of grace' },
    { kind: 'interrupted', cause: 'forced' },
  ]

  it('are read as they were written, by any process', () => {
    const token = newToken()
    journal.start(start(token))
    expect(openRunJournal(folder).read(token)).to.deep.equal(start(token))
    expect(openRunJournal(folder).readDone(token)).to.equal(null)
    for (const outcome of OUTCOMES) {
      const other = newToken()
      journal.done({ token: other, outcome, run_ms: 5 })
      expect(journal.readDone(other)).to.deep.equal({ token: other, outcome, run_ms: 5 })
      expect(journal.read(other)).to.equal(null)
    }
  })

  it('are listed once each, and removed permanently', () => {
    const own = openRunJournal(tempFolder())
    const tokens = [newToken(), newToken()]
    for (const token of tokens) {
      own.start(start(token))
      own.done({ token, outcome: { kind: 'exit', exit_code: 0 }, run_ms: 1 })
    }
    expect(own.tokens().sort()).to.deep.equal(tokens.sort())
    for (const token of tokens) own.forget(token)
    expect(own.tokens()).to.deep.equal([])
    expect(() => own.forget(tokens[0] ?? '')).to.not.throw()
  })

  it('reuse a file without keeping anything of the previous run', () => {
    const own = openRunJournal(tempFolder())
    const [first, second] = [newToken(), newToken()]
    own.start(start(first))
    own.done({ token: first, outcome: { kind: 'cannot_start', message: 'x'.repeat(5_000) }, run_ms: 1 })
    own.forget(first)
    expect(own.read(first)).to.equal(null)
    own.start(start(second))
    expect(own.read(second)).to.deep.equal(start(second))
    expect(own.readDone(second)).to.equal(null)
    expect(own.tokens()).to.deep.equal([second])
    own.done({ token: second, outcome: { kind: 'exit', exit_code: 0 }, run_ms: 1 })
    expect(own.readDone(second)?.outcome).to.deep.equal({ kind: 'exit', exit_code: 0 })
  })

  it('record the owner of a run that never started, without changing later lines', () => {
    const token = newToken()
    journal.owned({ token, worker_id: 'w-1' })
    expect(journal.read(token)).to.include({ worker_id: 'w-1', pid: null, start: null })
    expect(journal.readDone(token)).to.equal(null)
    journal.start(start(token))
    journal.owned({ token, worker_id: 'w-other' })
    journal.done({ token, outcome: { kind: 'exit', exit_code: 0 }, run_ms: 1 })
    expect(journal.read(token)).to.deep.equal(start(token))
    expect(journal.readDone(token)?.outcome).to.deep.equal({ kind: 'exit', exit_code: 0 })
  })

  it('leave nothing behind when their process exits, and clean up after a killed one', () => {
    const own = tempFolder()
    const module = JSON.stringify(new URL('../../src/runs/journal.ts', import.meta.url).href)
    const life = (end: string) => {
      const program = `import { openRunJournal } from ${module}
        const journal = openRunJournal(${JSON.stringify(own)})
        for (const token of ['a'.repeat(20), 'b'.repeat(20)]) {
          journal.start({ token, job: 'j', run: 1, pid: 77, start: '1', worker_id: 'w' })
          journal.forget(token)
        }
        ${end}`
      spawnSync(process.execPath, ['--input-type=module', '-e', program])
      return readdirSync(path.join(own, 'run'))
    }
    expect(life('')).to.deep.equal([])
    expect(life("process.kill(process.pid, 'SIGKILL')")).to.have.length(1)
    openRunJournal(own)
    expect(readdirSync(path.join(own, 'run'))).to.deep.equal([])
  })

  it('are readable by their owner only (S7)', function () {
    if (process.getuid === undefined) return skip(this, 'no file modes on Windows')
    const own = tempFolder()
    const token = newToken()
    openRunJournal(own).start(start(token))
    expect(statSync(path.join(own, 'run')).mode & 0o777).to.equal(0o700)
    expect(statSync(path.join(own, 'run', token)).mode & 0o777).to.equal(0o600)
  })

  it('without trustworthy content are ignored', () => {
    const garbage = ['', 'x', '{', 'null', '[]', '7', '{"token":1}', JSON.stringify({ ...start(newToken()) })]
    for (const text of garbage) {
      const token = newToken()
      writeFileSync(file(token), text)
      expect(journal.read(token), text).to.equal(null)
      expect(journal.readDone(token), text).to.equal(null)
    }
    for (const outcome of [null, {}, { kind: 'exit' }, { kind: 'signal', signal: 9 }, { kind: 'won' }]) {
      const token = newToken()
      writeFileSync(file(token), JSON.stringify({ token, outcome, run_ms: 1 }))
      expect(journal.readDone(token), JSON.stringify(outcome)).to.equal(null)
    }
  })

  it('with an untrustworthy pid or start time match no process', () => {
    for (const forged of [
      { pid: 1 },
      { pid: -1 },
      { pid: 0 },
      { pid: 1.5 },
      { pid: '77' },
      { start: 5 },
      { start: null },
    ]) {
      const token = newToken()
      writeFileSync(file(token), JSON.stringify({ ...start(token), ...forged }))
      expect(journal.read(token)).to.include({ pid: null, start: null, job: 'job1' })
    }
  })

  it('survive a full disk that accepted only the beginning of the first', () => {
    const token = newToken()
    appendFileSync(file(token), JSON.stringify(start(token)).slice(0, 20))
    journal.done({ token, outcome: { kind: 'exit', exit_code: 0 }, run_ms: 1 })
    expect(journal.read(token)).to.equal(null)
    expect(journal.readDone(token)?.outcome).to.deep.equal({ kind: 'exit', exit_code: 0 })
  })

  it('are never read outside of their folder (S8)', () => {
    for (const token of [
      '',
      '..',
      '../../etc/passwd',
      `${newToken()}/..`,
      newToken().toUpperCase(),
      `${newToken()}0`,
    ]) {
      expect(journal.read(token), token).to.equal(null)
      expect(journal.readDone(token), token).to.equal(null)
      expect(() => journal.start({ ...start(token) }), token).to.throw(RangeError)
      expect(() => journal.forget(token), token).to.not.throw()
    }
    writeFileSync(path.join(folder, 'run', 'not-a-token'), '')
    expect(journal.tokens()).to.not.include('not-a-token')
  })

  it('refuse a folder that is a link (S22)', () => {
    const own = tempFolder()
    symlinkSync(folder, path.join(own, 'run'))
    expect(() => openRunJournal(own)).to.throw(/is not a folder/)
    expect(readdirSync(own)).to.deep.equal(['run'])
  })
})
