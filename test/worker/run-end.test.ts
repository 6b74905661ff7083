import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { procfs } from '../../src/platform/procfs.ts'
import type { Cut } from '../../src/worker/runner.ts'
import { HAS_PROC, lives } from '../helpers/processes.ts'
import { DEAF, runLab } from '../helpers/runs.ts'
import { skip } from '../helpers/skip.ts'
import { waitFor } from '../helpers/wait-for.ts'

const CANCELLED: Cut = { kind: 'cancelled', exit_code: null, signal: null }
const RELEASED: Cut = { kind: 'released', cause: 'end of grace' }

describe('ending a run @posix', function () {
  this.timeout(60_000)
  const lab = runLab()
  afterEach(() => lab.clear())

  it('sends SIGTERM to the whole tree', async () => {
    const handle = lab.start('sleep 60 & echo $! > child; wait')
    await lab.pidIn('child')
    expect(handle.end(CANCELLED, 5_000)).to.equal(true)
    const { outcome, run_ms } = await handle.outcome
    expect(outcome).to.deep.equal({ kind: 'cancelled', exit_code: null, signal: 'SIGTERM' })
    expect(run_ms).to.be.below(5_000)
    expect(lives(await lab.pidIn('child'))).to.equal(false)
  })

  it('kills processes that ignore SIGTERM after the wait, escaped children too (F10, F11)', async () => {
    const escaped = HAS_PROC ? 'setsid sleep 60 & echo $! > deep; ' : ''
    const handle = lab.start(`trap '' TERM; ${escaped}echo $$ > ready; sleep 60; sleep 60`)
    await lab.pidIn('ready')
    handle.end(RELEASED, 300)
    expect((await handle.outcome).outcome).to.deep.equal(RELEASED)
    if (HAS_PROC) expect(lives(await lab.pidIn('deep'))).to.equal(false)
  })

  it('lets a stopped process receive SIGTERM', async () => {
    const own = runLab()
    const handle = own.start(`trap 'echo heard; exit 7' TERM; echo $$ > ready; kill -STOP $$; sleep 60`)
    const pid = await own.pidIn('ready')
    if (HAS_PROC) await waitFor(() => procfs.entry(pid)?.state === 'T', { within: 5_000, what: 'the shell is stopped' })
    handle.end(CANCELLED, 5_000)
    expect((await handle.outcome).outcome).to.deep.equal({ kind: 'cancelled', exit_code: 7, signal: null })
    expect(own.log(handle.token).toString()).to.equal('heard\n')
  })

  it('is a release even if the command exits with 0: its work may be unfinished', async () => {
    const own = runLab()
    const handle = own.start(`trap 'exit 0' TERM; echo $$ > ready; while :; do sleep 0.05; done`)
    await own.pidIn('ready')
    handle.end(RELEASED, 5_000)
    expect((await handle.outcome).outcome).to.deep.equal(RELEASED)
  })

  it('keeps the first cause; a second call only shortens the wait', async () => {
    const own = runLab()
    const handle = own.start(`trap '' TERM; echo $$ > ready; while :; do sleep 1; done`)
    await own.pidIn('ready')
    expect(handle.end(RELEASED, 60_000)).to.equal(true)
    expect(handle.end({ kind: 'interrupted', cause: 'forced' }, 0)).to.equal(false)
    const { outcome, run_ms } = await handle.outcome
    expect(outcome).to.deep.equal(RELEASED)
    expect(run_ms).to.be.below(15_000)
  })

  it('comes too late for a shell that has exited by itself', async function () {
    if (!HAS_PROC) return skip(this, 'no /proc')
    const handle = lab.start('exit 5')
    const pid = handle.pid ?? 0
    // This process does not return to its event loop meanwhile, so it has not got the exit event yet.
    for (let turns = 0; lives(pid) && turns < 500; turns++)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    expect(handle.end(RELEASED, 0)).to.equal(false)
    expect((await handle.outcome).outcome).to.deep.equal({ kind: 'exit', exit_code: 5 })
  })

  it('hurries the processes that remain after a shell’s exit', async () => {
    const took: number[] = []
    // A busy machine may delay some of them; without the call each takes 2 s.
    while (took.length < 4 && (took.at(-1) ?? 2_000) >= 1_500) {
      const own = runLab()
      const handle = own.start(DEAF)
      await waitFor(() => handle.pid !== null && !lives(handle.pid), { within: 10_000, what: 'the shell has exited' })
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

  it('handles a timeout longer than any timer', async () => {
    expect(await lab.run('sleep 0.1', { timeout: 365 * 86_400 })).to.deep.equal({ kind: 'exit', exit_code: 0 })
  })
})
