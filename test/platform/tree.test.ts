import { expect } from 'chai'
import { newToken } from '../../src/domain/ids.ts'
import { sendSignal } from '../../src/platform/kill.ts'
import { platform, type Tree } from '../../src/platform/platform.ts'
import type { ProcessTable } from '../../src/platform/process-table.ts'
import { procfs } from '../../src/platform/procfs.ts'
import { platformWith } from '../helpers/platform.ts'
import { endStrangers, HAS_PROC, killQuietly, lives, startOf, stranger } from '../helpers/processes.ts'
import { runLab } from '../helpers/runs.ts'
import { skip } from '../helpers/skip.ts'
import { waitFor } from '../helpers/wait-for.ts'

const NOW = { patience_ms: 0, sweep: true }

/** What recovery knows about a run that another process started. */
function recorded(pid: number, token = newToken()): Tree {
  return { token, pid, start: startOf(pid) }
}

describe('ending a recorded tree (R4) @posix', function () {
  if (!HAS_PROC) return
  this.timeout(60_000)
  const lab = runLab()
  afterEach(() => {
    endStrangers()
    lab.clear()
  })

  it('ends the shell and its children, and proves them gone', async () => {
    const { pid } = stranger('sleep 60 & sleep 60; true')
    const tree = recorded(pid)
    expect(await platform.treeLives(tree, { sweep: false })).to.equal(true)
    expect(await platform.endTree(tree, NOW)).to.deep.equal({ gone: true })
    expect(lives(pid)).to.equal(false)
    expect(await platform.treeLives(tree, { sweep: true })).to.equal(false)
  })

  it('does not touch an unrelated process with the recorded pid (F15, S16)', async () => {
    const { pid } = stranger('sleep 60 & sleep 60; true')
    const forged = { ...recorded(pid), start: String(Number(startOf(pid)) - 1) }
    expect(await platform.treeLives(forged, { sweep: true })).to.equal(false)
    expect(await platform.endTree(forged, NOW)).to.deep.equal({ gone: true })
    expect(lives(pid)).to.equal(true)
  })

  it('does not touch an unrelated process if the run’s start time is unknown', async () => {
    const { pid } = stranger()
    expect(await platform.endTree({ token: newToken(), pid, start: null }, NOW)).to.deep.equal({ gone: true })
    expect(lives(pid)).to.equal(true)
  })

  it('does not touch older processes in a session of that number', async () => {
    // The leader exits at once; its child lives on in its session.
    const { pid } = stranger('sleep 60 & exit 0')
    const start = startOf(pid)
    await waitFor(() => !lives(pid), { within: 10_000, what: 'the end of the leader' })
    await waitFor(() => procfs.entry(pid) === null, { within: 10_000, what: 'the shell to be waited for' })
    const later = { token: newToken(), pid, start: String(Number(start) + 1_000) }
    expect(await platform.endTree(later, NOW)).to.deep.equal({ gone: true })
    expect(sendSignal(pid, 0, { group: true })).to.equal('sent')
    // With the right start time they are the run's children.
    expect(await platform.endTree({ ...later, start }, NOW)).to.deep.equal({ gone: true })
    expect(await platform.treeLives({ ...later, start }, { sweep: false })).to.equal(false)
  })

  it('finds a run by its token alone when its pid was never recorded', async () => {
    const token = newToken()
    const { pid } = stranger('exec sleep 60', { PATH: process.env.PATH, QUEUECTL_LEASE: token })
    const other = stranger('exec sleep 60', { PATH: process.env.PATH, QUEUECTL_LEASE: newToken() })
    await waitFor(() => lives(pid), { within: 10_000, what: 'the process' })
    expect(await platform.endTree({ token, pid: null, start: null }, NOW)).to.deep.equal({ gone: true })
    expect(lives(pid)).to.equal(false)
    expect(lives(other.pid)).to.equal(true)
  })

  it('counts a zombie as gone', async () => {
    const token = newToken()
    // The inner shell exits and is not waited for: after exec its parent knows of no child.
    const { pid } = stranger('sh -c "exit 0" & exec sleep 60', { PATH: process.env.PATH, QUEUECTL_LEASE: token })
    const zombie = await waitFor(
      async () => (await procfs.entries())?.find(({ parent, state }) => parent === pid && state === 'Z')?.pid,
      { within: 10_000, what: 'a zombie' },
    )
    expect(platform.identify(zombie)).to.equal(null)
    const start = procfs.entry(zombie)?.start ?? ''
    expect(await platform.treeLives({ token: newToken(), pid: zombie, start }, { sweep: true })).to.equal(false)
  })

  it('counts a process as alive after its first thread has exited', async function () {
    const script =
      'import ctypes, threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); ctypes.CDLL(None).pthread_exit(None)'
    const { pid } = stranger(`exec python3 -c '${script}' 2>/dev/null`)
    const is_zombie = await waitFor(() => procfs.entry(pid)?.state === 'Z', {
      within: 5_000,
      what: 'the first thread to exit',
    }).catch(() => false)
    if (!is_zombie) return skip(this, 'no zombie could be made')
    expect(platform.identify(pid)).to.not.equal(null)
    expect(await platform.endTree(recorded(pid), NOW)).to.deep.equal({ gone: true })
    expect(procfs.entry(pid)?.alive ?? false).to.equal(false)
  })

  it('sends SIGTERM first, and kills when patience is over or cut short', async () => {
    const polite = stranger()
    const began = performance.now()
    expect(await platform.endTree(recorded(polite.pid), { patience_ms: 5_000, sweep: true })).to.deep.equal({
      gone: true,
    })
    expect(performance.now() - began).to.be.below(5_000)
    const deaf = () => stranger(`trap '' TERM; while :; do sleep 0.05; done`)
    for (const options of [{ patience_ms: 200 }, { patience_ms: 60_000, hurry: AbortSignal.timeout(200) }]) {
      const { pid } = deaf()
      await waitFor(() => procfs.entry(pid)?.state === 'S', { within: 10_000, what: 'the trap' })
      expect(await platform.endTree(recorded(pid), { ...options, sweep: true })).to.deep.equal({ gone: true })
      expect(lives(pid)).to.equal(false)
    }
  })

  it('ends a tree that keeps forking', async () => {
    const token = newToken()
    const env = { PATH: process.env.PATH, QUEUECTL_LEASE: token }
    const { pid } = stranger('n=0; while [ $n -lt 400 ]; do setsid sleep 60 & n=$((n+1)); done; sleep 60', env)
    const tree = recorded(pid, token)
    await waitFor(async () => ((await procfs.entries()) ?? []).filter(({ parent }) => parent === pid).length > 20, {
      within: 10_000,
      what: 'some children',
    })
    expect(await platform.endTree(tree, NOW)).to.deep.equal({ gone: true })
    const { holding } = await procfs.holders(
      ((await procfs.entries()) ?? []).map((entry) => entry.pid),
      `QUEUECTL_LEASE=${token}`,
    )
    expect([...holding]).to.deep.equal([])
  })
})

describe('a tree that cannot be ended or read (R4) @posix', function () {
  if (!HAS_PROC) return
  this.timeout(60_000)
  const lab = runLab()
  afterEach(() => {
    endStrangers()
    lab.clear()
  })

  /** This platform, but no process may be signalled, as if it belonged to another user, until `allowed`. */
  function refusing(table: Partial<ProcessTable> = {}) {
    const state = { allowed: false }
    const send: typeof sendSignal = (pid, signal, options) =>
      state.allowed || signal === 0 ? (state.allowed ? sendSignal(pid, signal, options) : 'refused') : 'refused'
    return { state, platform: platformWith(table, send) }
  }

  it('is not gone, and the reason names the process', async () => {
    const { pid } = stranger()
    const tree = recorded(pid)
    const began = performance.now()
    expect(await refusing().platform.endTree(tree, NOW)).to.deep.equal({
      gone: false,
      reason: `not allowed to kill process ${pid} (EPERM)`,
    })
    expect(performance.now() - began).to.be.within(2_900, 10_000)
  })

  it('keeps its run open, with the reason shown, until it can be ended', async () => {
    const { platform: strict, state } = refusing()
    const handle = lab.start('sleep 60', { platform: strict })
    let settled = false
    handle.outcome.then(() => {
      settled = true
    })
    handle.end({ kind: 'cancelled', exit_code: null, signal: null }, 0)
    const note = await waitFor(() => handle.note, { within: 15_000, what: 'a note' })
    expect(note).to.equal(`not allowed to kill process ${handle.pid} (EPERM)`)
    expect(settled).to.equal(false)
    expect(lab.journal.readDone(handle.token)).to.equal(null)
    state.allowed = true
    expect((await handle.outcome).outcome).to.deep.equal({ kind: 'cancelled', exit_code: null, signal: 'SIGKILL' })
    expect(handle.note).to.equal(null)
  })

  it('is not gone while a member of its session cannot be read', async () => {
    const { pid } = stranger('sleep 60 & exit 0')
    const start = startOf(pid)
    await waitFor(() => procfs.entry(pid) === null, { within: 10_000, what: 'the end of the leader' })
    const blind = async (pids: readonly number[]) => ({ holding: new Set<number>(), unreadable: new Set(pids) })
    const foreign = refusing({ holders: blind, owner: () => 12_345 })
    foreign.state.allowed = true
    const proof = await foreign.platform.endTree({ token: newToken(), pid, start }, NOW)
    expect(proof)
      .to.have.property('reason')
      .that.matches(/^cannot read process \d+ of its session$/)
    const readable = refusing({ owner: () => 12_345 })
    readable.state.allowed = true
    const other = await readable.platform.endTree({ token: newToken(), pid, start }, NOW)
    expect(other)
      .to.have.property('reason')
      .that.matches(/^process \d+ of its session belongs to another user$/)
    expect(sendSignal(pid, 0, { group: true })).to.equal('sent')
    killQuietly(-pid)
  })

  it('is not gone when no process can be listed', async () => {
    const { platform: blind } = refusing({ entries: async () => null })
    expect(await blind.endTree({ token: newToken(), pid: null, start: null }, NOW)).to.deep.equal({
      gone: false,
      reason: 'cannot list the processes of this system',
    })
  })
})
