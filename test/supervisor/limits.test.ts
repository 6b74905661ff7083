import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { LIMITS } from '../../src/domain/job.ts'
import { logPath } from '../../src/logs/log-path.ts'
import { put } from '../contract/kit.ts'
import { HAS_PROC } from '../helpers/processes.ts'
import { Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1024 ** 2

describe('limits @posix', function () {
  this.timeout(120_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  it('1 GiB of output in one line: capped on disk, and never in the worker’s memory (F27) @slow', async () => {
    const first = await scene.add('true')
    await scene.start()
    await scene.until(first, { state: 'completed' }, 5_000)
    const pid = (await scene.workers())[0]?.identity.pid ?? 0
    const before = HAS_PROC ? forgetPeakOf(pid) : 0
    const id = await scene.add('head -c 1073741824 /dev/zero')
    const token = (await scene.until(id, { state: 'processing' }, 5_000)).run_token ?? ''
    await scene.until(id, { state: 'completed' }, 40_000)
    expect(statSync(logPath(scene.store.info.folder, token)).size).to.be.at.most(64 * MIB)
    expect((await scene.workers())[0]?.rss ?? 0).to.be.below(128 * MIB)
    if (HAS_PROC) expect(peakOf(pid) - before).to.be.below(20 * MIB)
  })

  it('a command and variables of the maximum size: the command runs (S18)', async () => {
    const env = { A: 'x'.repeat(LIMITS.env - 3) }
    const id = await scene.add('printf %s "$A" | wc -c #'.padEnd(LIMITS.command, 'x'), { env })
    await scene.start()
    await scene.until(id, { state: 'completed' }, 5_000)
    expect((await scene.run('logs', id)).stdout.trim()).to.equal(String(LIMITS.env - 3))
  })

  it('a missing folder or an unknown command: a failure with its cause', async () => {
    const homeless = await scene.add('true', { cwd: `${scene.home}/nowhere` })
    const unknown = await scene.add('no-such-command-anywhere')
    await scene.start()
    const job = await scene.until(homeless, { state: 'dead' }, 5_000)
    expect(job.reason).to.match(/^cannot start: .*nowhere/)
    expect(await scene.until(unknown, { state: 'dead' }, 5_000)).to.include({
      exit_code: 127,
      reason: 'exit code 127 (command not found)',
    })
  })

  it('retention: all older completed and cancelled jobs are removed at once, with their logs; dead ones stay', async () => {
    const ids = Array.from({ length: 1200 }, (_, i) => `cancelled-${i}`)
    await put(scene.store, ids)
    await scene.store.cancel({ ids })
    await scene.add('echo done')
    const dead = await scene.add('echo dead; exit 1')
    await scene.run('worker', 'start', '--drain')
    const logs = () => readdirSync(path.join(scene.store.info.folder, 'logs'), { recursive: true }).filter(isLog)
    expect(logs()).to.have.length(2)
    await scene.store.setConfig({ key: 'retention', value: 0 })
    await scene.start()
    await waitFor(async () => (await scene.store.overview()).total.cancelled === 0, {
      within: 10_000,
      what: 'the jobs are removed',
    })
    await waitFor(() => logs().length === 1, { within: 10_000, what: 'the logs are removed' })
    expect((await scene.store.list({ sort: 'newest', limit: 10 })).map(({ id }) => id)).to.deep.equal([dead])
  })

  it('a worker that has just become idle starts a new job within 100 ms, and never waits for a poll @slow', async () => {
    await scene.start('--count', '2')
    const waits: number[] = []
    const next = async () => {
      const id = await scene.add('true')
      await scene.until(id, { state: 'completed' }, 3_000)
      const [run] = await scene.runs(id)
      waits.push((run?.started_at ?? 0) - (await scene.job(id)).created_at)
      // A worker that waits for polls would not be this fast ten times in a row; on a busy machine one may be late.
      const last = waits.slice(-10).sort((a, b) => a - b)
      return last.length === 10 && Number(last[5]) <= 100 && Number(last[9]) <= 400
    }
    await waitFor(next, { within: 40_000, what: async () => `ten fast starts in a row: ${waits}` })
  })
})

const isLog = (name: string | Buffer) => /\.log$/.test(String(name))

/** Resets the peak (proc_pid_clear_refs(5)). Returns the bytes that the process has in memory now. */
function forgetPeakOf(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  return peakOf(pid)
}

/** Peak memory of a process in bytes (proc_pid_status(5), VmHWM). */
function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}
