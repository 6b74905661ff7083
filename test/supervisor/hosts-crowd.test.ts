import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { lives } from '../helpers/processes.ts'
import { Scene } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

const HOSTS = 2
/**
 * More workers on each host than poll each second. 200 (QUEUECTL_TEST_WORKERS) take three minutes on two cores with the
 * stand-in for MongoDB.
 */
const WORKERS = Number(process.env.QUEUECTL_TEST_WORKERS ?? 18)

describe(`${WORKERS} workers of ${HOSTS} hosts on one MongoDB @posix @slow`, function () {
  const at_most_ms = 240_000 + WORKERS * 10_000
  this.timeout(at_most_ms)
  const within = 60_000 + WORKERS * 4_000
  let scene: Scene
  before(needsMongo)
  beforeEach(async () => {
    scene = await Scene.open({ address: (await mongoServer()).url() })
  })
  afterEach(() => scene.finish())

  it('become ready, run each job once, and stop together', async () => {
    const hosts = Array.from({ length: HOSTS }, (_, i) => scene.host(`host-${i}`, { at_most_ms }))
    const began = monotonic()
    const running = hosts.map((host) => host.launch('--count', String(WORKERS / HOSTS)))
    const ready = () => running.every(({ said }) => /ready; stop with/.test(said()))
    await waitFor(ready, { within, what: 'all workers are ready' })
    const ready_ms = monotonic() - began
    await waitFor(async () => (await scene.workers()).length === WORKERS, {
      within: 10_000,
      what: 'all workers are registered',
    })

    const command = 'echo $QUEUECTL_JOB_ID >> ledger'
    const ids: string[] = []
    for (let n = 0; n < WORKERS * 2; n++) ids.push(await scene.add(command))
    const done = async () => (await scene.store.overview()).total.completed === ids.length
    await waitFor(done, { within, what: 'all jobs are done' })
    const done_ms = monotonic() - began - ready_ms
    expect(scene.lines('ledger').sort()).to.deep.equal(ids.sort())
    const jobs = await scene.store.list({ sort: 'newest', limit: ids.length })
    expect(jobs.filter(({ state, runs, attempts }) => state !== 'completed' || runs !== 1 || attempts !== 0)).to.be
      .empty

    const rows = await scene.rows()
    const requested_at = monotonic()
    const stop = await hosts[0]?.run('worker', 'stop')
    const stop_ms = monotonic() - requested_at
    expect(stop?.code, stop?.stderr).to.equal(0)
    await waitFor(async () => (await scene.rows()).length === 0, { within: 2_000, what: 'the registry is empty' })
    for (const { identity } of rows) {
      await waitFor(() => !lives(identity.pid), { within: 2_000, what: `process ${identity.pid} has exited` })
    }
    if (process.env.QUEUECTL_TEST_WORKERS)
      console.log(
        `        ready ${ready_ms.toFixed(0)} ms, jobs ${done_ms.toFixed(0)} ms, stop ${stop_ms.toFixed(0)} ms`,
      )
  })
})
