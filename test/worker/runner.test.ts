import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { Outcome } from '../../src/domain/outcome.ts'
import { logPath } from '../../src/logs/log-path.ts'
import { platform } from '../../src/platform/platform.ts'
import type { Cut } from '../../src/worker/runner.ts'
import { HAS_PROC, killQuietly, lives } from '../helpers/processes.ts'
import { DEAF, runLab, untilWritten } from '../helpers/runs.ts'
import { skip } from '../helpers/skip.ts'
import { waitFor } from '../helpers/wait-for.ts'

const CANCELLED: Cut = { kind: 'cancelled', exit_code: null, signal: null }
const RELEASED: Cut = { kind: 'released', cause: 'end of grace' }

describe('a run @posix', () => {
  const lab = runLab()
  afterEach(() => lab.clear())

  it('succeeds with exit code 0, its output in order in its log', async () => {
    const handle = lab.start('echo out; echo err >&2; echo "$QUEUECTL_LEASE"')
    const { outcome, run_ms } = await handle.outcome
    expect(outcome).to.deep.equal({ kind: 'exit', exit_code: 0 })
    expect(run_ms).to.be.within(0, 15_000)
    expect(lab.log(handle.token).toString()).to.equal(`out\nerr\n${handle.token}\n`)
  })

  for (const [command, expected] of [
    ['exit 3', { kind: 'exit', exit_code: 3 }],
    ['kill -KILL $$', { kind: 'signal', signal: 'SIGKILL' }],
    ['no-such-command-here', { kind: 'exit', exit_code: 127 }],
    ['-x', { kind: 'exit', exit_code: 127 }],
    ['cat', { kind: 'exit', exit_code: 0 }],
  ] as [string, Outcome][]) {
    it(`reports how \`${command}\` ended`, async () => {
      expect(await lab.run(command)).to.deep.equal(expected)
    })
  }

  it('writes a journal entry at its start and its outcome at its end (R5)', async () => {
    const handle = lab.start('sleep 60')
    expect(lab.journal.read(handle.token)).to.deep.equal({
      token: handle.token,
      job: 'job1',
      run: 1,
      pid: handle.pid,
      start: platform.identify(handle.pid ?? 0)?.start,
      worker_id: 'w-1',
    })
    expect(lab.journal.readDone(handle.token)).to.equal(null)
    expect(handle.end(CANCELLED, 1_000)).to.equal(true)
    expect(lab.journal.readDone(handle.token)).to.equal(null)
    const { outcome, run_ms } = await handle.outcome
    expect(lab.journal.readDone(handle.token)).to.deep.equal({ token: handle.token, outcome, run_ms })
  })

  it('reads nothing, and writes only to its log', async function () {
    if (!HAS_PROC) return skip(this, 'no /proc')
    const handle = lab.start('for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done')
    await handle.outcome
    const log = logPath(lab.store_folder, handle.token)
    expect(lab.log(handle.token).toString()).to.equal(`/dev/null\n${log}\n${log}\n`)
  })

  it('leaves no descriptor open', async function () {
    if (!HAS_PROC) return skip(this, 'no /proc')
    const open = () => readdirSync('/proc/self/fd').length
    await lab.run('true')
    const before = open()
    await Promise.all(Array.from({ length: 10 }, () => lab.run('true')))
    await lab.run('true', { cwd: '/no/such/folder' })
    await waitFor(() => open() <= before, { within: 5_000, what: 'all opened descriptors are closed' })
  })
})

describe('a run that cannot start @posix', () => {
  const lab = runLab()
  const file = path.join(lab.folder, 'file')
  writeFileSync(file, '')

  const cases: [string, string, Parameters<typeof lab.run>[1], RegExp][] = [
    ['in a missing folder', 'true', { cwd: path.join(lab.folder, 'none') }, /^the folder .*none does not exist$/],
    ['in a file', 'true', { cwd: file }, /file is not a folder$/],
    ['below a file', 'true', { cwd: path.join(file, 'x') }, /x is not a folder$/],
    ['with a NUL byte', 'echo \0', {}, /NUL byte/],
    ['with a command that is too long', `: ${'x'.repeat(200_000)}`, {}, /too long .*E2BIG/],
    ['with an environment that is too long', 'true', { env: { BIG: 'x'.repeat(200_000) } }, /too long .*E2BIG/],
  ]
  for (const [what, command, request, message] of cases) {
    it(`reports why ${what}, and writes its outcome`, async () => {
      const handle = lab.start(command, request)
      const { outcome } = await handle.outcome
      expect(handle.pid).to.equal(null)
      expect(outcome.kind).to.equal('cannot_start')
      expect((outcome as { message: string }).message).to.match(message)
      expect(lab.journal.readDone(handle.token)?.outcome).to.deep.equal(outcome)
      expect(handle.end(RELEASED, 0)).to.equal(false)
    })
  }

  it('reports a log path that leads through a link', async () => {
    const folder = path.join(lab.folder, 'other.d')
    mkdirSync(folder)
    symlinkSync(lab.folder, path.join(folder, 'logs'))
    const outcome = await lab.run('true', { folder })
    expect(outcome.kind).to.equal('cannot_start')
    expect((outcome as { message: string }).message).to.match(/logs is not a folder/)
  })
})

describe('the processes of a run (R3) @posix', function () {
  this.timeout(60_000)
  const lab = runLab()
  afterEach(() => lab.clear())

  it('end with a shell that succeeds', async () => {
    expect(await lab.run('sleep 60 & echo $! > background')).to.deep.equal({ kind: 'exit', exit_code: 0 })
    expect(lives(await lab.pidIn('background'))).to.equal(false)
  })

  it('are killed 2 s later if they ignore SIGTERM, and the success stands', async () => {
    const { outcome, run_ms } = await lab.start(DEAF).outcome
    expect(outcome).to.deep.equal({ kind: 'exit', exit_code: 0 })
    // Sooner than after a cancel, which waits 5 s.
    expect(run_ms).to.be.within(2_000, 5_000)
    expect(lives(await lab.pidIn('deaf'))).to.equal(false)
  })

  it('may stay as a daemon in another session if the command succeeds, also beside processes that may not', async function () {
    if (!HAS_PROC) return skip(this, 'no /proc')
    const daemon_of = `setsid sh -c 'echo $$ > daemon; exec sleep 60' & ${untilWritten('daemon')}`
    const command = `${daemon_of}; sleep 60 & echo $! > background`
    expect(await lab.run(command)).to.deep.equal({ kind: 'exit', exit_code: 0 })
    const daemon = await lab.pidIn('daemon')
    try {
      expect(lives(daemon)).to.equal(true)
      expect(lives(await lab.pidIn('background'))).to.equal(false)
    } finally {
      killQuietly(daemon)
    }
  })

  for (const [what, command] of [
    ['in another session', `setsid sh -c "echo \\$\\$ > escaped; exec sleep 60" & ${untilWritten('escaped')}; exit 1`],
    [
      'forked twice',
      `(setsid sh -c "(echo \\$(exec sh -c 'echo \\$PPID') > escaped; exec sleep 60) &" &); ${untilWritten('escaped')}; exit 1`,
    ],
    [
      'of a shell that was killed',
      `setsid sh -c "echo \\$\\$ > escaped; exec sleep 60" & ${untilWritten('escaped')}; kill -KILL $$`,
    ],
  ] as const) {
    it(`are swept after a failure: one ${what} (F11)`, async function () {
      if (!HAS_PROC) return skip(this, 'no /proc')
      const own = runLab()
      await own.run(command)
      expect(lives(await own.pidIn('escaped'))).to.equal(false)
    })
  }
})
