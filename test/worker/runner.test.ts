import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { Outcome } from '../../src/domain/lifecycle.ts'
import { monotonic } from '../../src/platform/clock.ts'
import { logPath } from '../../src/platform/files.ts'
import { platform } from '../../src/platform/platform.ts'
import { procfs } from '../../src/platform/procfs.ts'
import type { Cut } from '../../src/worker/runner.ts'
import { HAS_PROC, killQuietly, lives } from '../helpers/processes.ts'
import { runLab } from '../helpers/runs.ts'
import { waitFor } from '../helpers/wait-for.ts'

const CANCELLED: Cut = { kind: 'cancelled', exit_code: null, signal: null }
const RELEASED: Cut = { kind: 'released', cause: 'end of grace' }

/** Makes a command wait until a process of its own has written that file. */
const untilWritten = (name: string) => `until [ -s ${name} ]; do sleep 0.02; done`

/** Leaves a process behind that ignores SIGTERM. */
const DEAF = `(trap '' TERM; echo x > is_deaf; exec sleep 60) & echo $! > deaf; ${untilWritten('is_deaf')}`

describe('a run', () => {
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
    it(`tells how \`${command}\` ended`, async () => {
      expect(await lab.run(command)).to.deep.equal(expected)
    })
  }

  it('leaves a trace at its start and its outcome at its end (R5)', async () => {
    const handle = lab.start('sleep 60')
    expect(lab.traces.read(handle.token)).to.deep.equal({
      token: handle.token,
      job: 'job1',
      run: 1,
      pid: handle.pid,
      start: platform.identify(handle.pid ?? 0)?.start,
      worker_id: 'w-1',
    })
    expect(lab.traces.readDone(handle.token)).to.equal(null)
    expect(handle.end(CANCELLED, 1_000)).to.equal(true)
    expect(lab.traces.readDone(handle.token)).to.equal(null)
    const { outcome, run_ms } = await handle.outcome
    expect(lab.traces.readDone(handle.token)).to.deep.equal({ token: handle.token, outcome, run_ms })
  })

  it('says its pid when it has started', async () => {
    const pids: number[] = []
    const handle = lab.start('true', { on_started: (pid) => pids.push(pid) })
    expect(pids).to.deep.equal([handle.pid])
    await handle.outcome
  })

  it('reads nothing, and writes to its log alone', async function () {
    if (!HAS_PROC) return this.skip()
    const handle = lab.start('for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done')
    await handle.outcome
    const log = logPath(lab.store_folder, handle.token)
    expect(lab.log(handle.token).toString()).to.equal(`/dev/null\n${log}\n${log}\n`)
  })

  it('leaves no descriptor open', async function () {
    if (!HAS_PROC) return this.skip()
    const open = () => readdirSync('/proc/self/fd').length
    await lab.run('true')
    const before = open()
    await Promise.all(Array.from({ length: 10 }, () => lab.run('true')))
    await lab.run('true', { cwd: '/no/such/folder' })
    await waitFor(() => open() <= before, { within: 5_000, what: 'what was opened is closed' })
  })
})

describe('a run that cannot start', () => {
  const lab = runLab()
  const file = path.join(lab.folder, 'file')
  writeFileSync(file, '')

  const cases: [string, string, Parameters<typeof lab.run>[1], RegExp][] = [
    ['in a missing folder', 'true', { cwd: path.join(lab.folder, 'none') }, /^the folder .*none is not there$/],
    ['in a file', 'true', { cwd: file }, /file is not a folder$/],
    ['below a file', 'true', { cwd: path.join(file, 'x') }, /x is not a folder$/],
    ['with a NUL byte', 'echo \0', {}, /NUL byte/],
    ['with a command that is too long', `: ${'x'.repeat(200_000)}`, {}, /too long .*E2BIG/],
    ['with an environment that is too long', 'true', { env: { BIG: 'x'.repeat(200_000) } }, /too long .*E2BIG/],
  ]
  for (const [what, command, request, message] of cases) {
    it(`says why ${what}, and leaves its outcome`, async () => {
      const handle = lab.start(command, request)
      const { outcome } = await handle.outcome
      expect(handle.pid).to.equal(null)
      expect(outcome.kind).to.equal('cannot_start')
      expect((outcome as { message: string }).message).to.match(message)
      expect(lab.traces.readDone(handle.token)?.outcome).to.deep.equal(outcome)
      expect(handle.end(RELEASED, 0)).to.equal(false)
    })
  }

  it('says so when its log would lead through a link', async () => {
    const folder = path.join(lab.folder, 'other.d')
    mkdirSync(folder)
    symlinkSync(lab.folder, path.join(folder, 'logs'))
    const outcome = await lab.run('true', { folder })
    expect(outcome.kind).to.equal('cannot_start')
    expect((outcome as { message: string }).message).to.match(/logs is not a folder/)
  })
})

describe('the processes of a run (R3)', function () {
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
    // Sooner than after a cancel, which leaves 5 s.
    expect(run_ms).to.be.within(2_000, 5_000)
    expect(lives(await lab.pidIn('deaf'))).to.equal(false)
  })

  it('may stay as a daemon in another session if the command succeeds, even beside others that may not', async function () {
    if (!HAS_PROC) return this.skip()
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
      if (!HAS_PROC) return this.skip()
      const own = runLab()
      await own.run(command)
      expect(lives(await own.pidIn('escaped'))).to.equal(false)
    })
  }
})

describe('ending a run', function () {
  this.timeout(60_000)
  const lab = runLab()
  afterEach(() => lab.clear())

  it('reaches the whole tree by SIGTERM', async () => {
    const handle = lab.start('sleep 60 & echo $! > child; wait')
    await lab.pidIn('child')
    expect(handle.end(CANCELLED, 5_000)).to.equal(true)
    const { outcome, run_ms } = await handle.outcome
    expect(outcome).to.deep.equal({ kind: 'cancelled', exit_code: null, signal: 'SIGTERM' })
    expect(run_ms).to.be.below(5_000)
    expect(lives(await lab.pidIn('child'))).to.equal(false)
  })

  it('kills what ignores SIGTERM when patience is over, escaped children too (F10, F11)', async () => {
    const escaped = HAS_PROC ? 'setsid sleep 60 & echo $! > deep; ' : ''
    const handle = lab.start(`trap '' TERM; ${escaped}echo $$ > ready; sleep 60; sleep 60`)
    await lab.pidIn('ready')
    handle.end(RELEASED, 300)
    expect((await handle.outcome).outcome).to.deep.equal(RELEASED)
    if (HAS_PROC) expect(lives(await lab.pidIn('deep'))).to.equal(false)
  })

  it('lets a stopped process hear SIGTERM', async () => {
    const own = runLab()
    const handle = own.start(`trap 'echo heard; exit 7' TERM; echo $$ > ready; kill -STOP $$; sleep 60`)
    const pid = await own.pidIn('ready')
    if (HAS_PROC) await waitFor(() => procfs.entry(pid)?.state === 'T', { within: 5_000, what: 'it stops' })
    handle.end(CANCELLED, 5_000)
    expect((await handle.outcome).outcome).to.deep.equal({ kind: 'cancelled', exit_code: 7, signal: null })
    expect(own.log(handle.token).toString()).to.equal('heard\n')
  })

  it('is a release even if the command answers with exit code 0: its work may be undone', async () => {
    const own = runLab()
    const handle = own.start(`trap 'exit 0' TERM; echo $$ > ready; while :; do sleep 0.05; done`)
    await own.pidIn('ready')
    handle.end(RELEASED, 5_000)
    expect((await handle.outcome).outcome).to.deep.equal(RELEASED)
  })

  it('keeps the first cause, and lets a second one only hurry', async () => {
    const own = runLab()
    const handle = own.start(`trap '' TERM; echo $$ > ready; while :; do sleep 1; done`)
    await own.pidIn('ready')
    expect(handle.end(RELEASED, 60_000)).to.equal(true)
    expect(handle.end({ kind: 'interrupted', cause: 'forced' }, 0)).to.equal(false)
    const { outcome, run_ms } = await handle.outcome
    expect(outcome).to.deep.equal(RELEASED)
    expect(run_ms).to.be.below(15_000)
  })

  it('comes too late for a shell that has ended by itself', async function () {
    if (!HAS_PROC) return this.skip()
    const handle = lab.start('exit 5')
    const pid = handle.pid ?? 0
    // This process does not return to its loop meanwhile, so it has not heard of the end yet.
    for (let turns = 0; lives(pid) && turns < 500; turns++)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    expect(handle.end(RELEASED, 0)).to.equal(false)
    expect((await handle.outcome).outcome).to.deep.equal({ kind: 'exit', exit_code: 5 })
  })

  it('hurries leftovers of a shell that has ended', async () => {
    const took: number[] = []
    // A busy machine may hold up one, and another; those that are left alone take 2 s each.
    while (took.length < 4 && (took.at(-1) ?? 2_000) >= 1_500) {
      const own = runLab()
      const handle = own.start(DEAF)
      await waitFor(() => handle.pid !== null && !lives(handle.pid), { within: 10_000, what: 'the end of the shell' })
      const began = monotonic()
      handle.end(RELEASED, 0)
      expect((await handle.outcome).outcome).to.deep.equal({ kind: 'exit', exit_code: 0 })
      took.push(monotonic() - began)
    }
    expect(took.at(-1), String(took)).to.be.below(1_500)
  })

  it('by kill() is a death by SIGKILL', async () => {
    const handle = lab.start('sleep 60')
    handle.kill()
    expect((await handle.outcome).outcome).to.deep.equal({ kind: 'signal', signal: 'SIGKILL' })
  })

  it('happens at its timeout', async () => {
    const { outcome, run_ms } = await lab.start('sleep 60', { timeout: 0.2 }).outcome
    expect(outcome).to.deep.equal({ kind: 'timeout', exit_code: null, signal: 'SIGTERM' })
    expect(run_ms).to.be.within(190, 10_000)
  })

  it('waits for a timeout that no timer can hold', async () => {
    expect(await lab.run('sleep 0.1', { timeout: 365 * 86_400 })).to.deep.equal({ kind: 'exit', exit_code: 0 })
  })
})
