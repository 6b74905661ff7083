import { hostname } from 'node:os'
import { expect } from 'chai'
import { newToken } from '../../src/domain/ids.ts'
import type { AnyProcess } from '../../src/domain/processes.ts'
import { monotonic } from '../../src/lib/clock.ts'
import { lastWordOf } from '../../src/supervisor/control-handler.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { lives } from '../helpers/processes.ts'
import { type Host, Scene, UNTIL_GO } from '../helpers/supervised.ts'
import { keepsTo, waitFor } from '../helpers/wait-for.ts'

describe('several hosts on one queue @posix', function () {
  this.timeout(120_000)
  let scene: Scene
  let [a, b]: Host[] = []
  before(needsMongo)
  beforeEach(async () => {
    scene = await Scene.open({ address: (await mongoServer()).url() })
    a = scene.host('host-a')
    b = scene.host('host-b')
  })
  afterEach(() => scene.finish())

  const run = (host: Host | undefined, ...args: string[]) => (host as Host).run(...args)
  const start = (host: Host | undefined, ...args: string[]) => (host as Host).start(...args)
  const ends = (row?: AnyProcess) =>
    waitFor(() => row && !lives(row.identity.pid), { within: 1_000, what: `${row?.id} has exited` })
  const supervisorOn = async (host_id: string) =>
    (await scene.supervisors()).find(({ identity }) => identity.host_id === host_id)

  const emptied = () =>
    waitFor(async () => (await scene.rows()).length === 0, { within: 2_000, what: 'the registry is empty' })

  it('share the work, and stop at the request of one of them, which reports each (R8)', async () => {
    await Promise.all([start(a), start(b)])
    const ids = await Promise.all([scene.add(UNTIL_GO), scene.add(UNTIL_GO)])
    const owners = await Promise.all(ids.map((id) => scene.holder(id)))
    expect(owners.map(({ identity }) => identity.host_id)).to.have.members(['host-a', 'host-b'])
    const before = await scene.rows()
    const stop = (a as Host).begin('worker', 'stop')
    for (const stops of [/\(host-a\)\) is stopping; /, /\(host-b\)\) is stopping; /]) {
      await waitFor(() => stops.test(stop.warned()), { within: 5_000, what: String(stops) })
    }
    scene.go()
    const { code, stdout } = await stop.ended
    expect([code, stdout.match(/stopped supervisor/g)?.length]).to.deep.equal([0, 2])
    await emptied()
    for (const row of before) await ends(row)
    for (const id of ids) expect(await scene.job(id)).to.include({ state: 'completed', attempts: 0 })
  })

  it('answer a request within 2 s @full', async () => {
    await Promise.all([start(a), start(b)])
    const supervisors = await scene.supervisors()
    expect(supervisors).to.have.length(2)
    const ask = async (supervisor_id: string) => {
      const beats = async () => (await scene.supervisors()).find(({ id }) => id === supervisor_id)?.beats ?? 0
      const before = await beats()
      // Just after a heartbeat: waiting for the next one would take 5 s.
      await waitFor(async () => (await beats()) > before, { within: 6_000, what: 'a heartbeat', every: 50 })
      const [id, since] = [newToken(), monotonic()]
      await scene.store.ask({ id, supervisor_id, kind: 'scale', args: { count: 1 } })
      const done = async () => (await scene.store.control({ id }))?.state === 'done'
      await waitFor(done, { within: 2_000, what: `the answer of ${supervisor_id}` })
      return monotonic() - since
    }
    // This bound includes the time until the answer is read.
    for (const { id } of supervisors) await keepsTo(3_000, () => ask(id))
  })

  it('scale and stop one by one: by host ID, not by a name that several hosts have, and a single worker of another host @slow', async () => {
    await Promise.all([start(a), start(b, '--count', '2')])
    const more = await run(a, 'worker', 'scale', '3', 'host-b')
    expect(more.stdout).to.match(/: scaled to 3 workers \(before: 2\)\n$/)
    const several = await run(a, 'worker', 'stop', hostname())
    expect(several.code).to.equal(3)
    expect(several.stderr).to.contain('host-a').and.to.contain('host-b')

    const worker = (await scene.workers()).find(({ identity }) => identity.host_id === 'host-b')
    const one = await run(a, 'worker', 'stop', worker?.id ?? '')
    expect(one).to.include({
      code: 0,
      stdout: `stopped worker ${worker?.id} (pid ${worker?.identity.pid} on ${worker?.host})\n`,
    })
    expect(lives(worker?.identity.pid ?? 0)).to.equal(false)

    const stopped = await supervisorOn('host-b')
    const host = await run(a, 'worker', 'stop', 'host-b')
    expect(host.code).to.equal(0)
    // It reports its result before it exits.
    await ends(stopped)
    const left = async () => (await scene.supervisors()).map(({ identity }) => identity.host_id)
    await waitFor(async () => (await left()).length === 1, { within: 2_000, what: 'its row is removed' })
    expect(await left()).to.deep.equal(['host-a'])
  })

  it('name a host that does not answer: exit 4, a missing row is no proof, and the host stops when it is back (R8) @slow', async () => {
    const [, { child }] = await Promise.all([start(a), start(b)])
    const silent = await supervisorOn('host-b')
    const workers = (await scene.workers()).filter(({ identity }) => identity.host_id === 'host-b')
    child.kill('SIGSTOP')
    const stopping = run(a, 'worker', 'stop')
    await waitFor(async () => (await supervisorOn('host-a')) === undefined, {
      within: 8_000,
      what: 'host-a has stopped',
    })
    const ids = [silent, ...workers].map((row) => row?.id ?? '')
    await scene.store.deregister({ ids })
    const { code, stdout, stderr } = await stopping
    expect(code).to.equal(4)
    expect(stdout).to.not.contain(silent?.id ?? '')
    expect(stderr).to.match(new RegExp(`${silent?.id} \\(pid ${child.pid} on .*host-b\\)\\) does not answer`))
    expect(await scene.store.control({ id: lastWordOf(silent?.id ?? '') })).to.equal(null)

    child.kill('SIGCONT')
    await waitFor(() => !lives(child.pid), { within: 10_000, what: 'host-b has stopped' })
    await emptied()
  })

  it('refuse a host with the ID of another one, as clones have: exit 78 @slow', async () => {
    await start(a)
    const [original] = await scene.supervisors()
    if (original === undefined) throw new Error('no supervisor')
    const { beat_at: _, beats: __, started_at: ___, ...row } = original
    const clone = { ...row, id: 's-clone', identity: { ...row.identity, boot_id: 'another' } }
    const beat = () => scene.store.beat({ supervisor: clone, workers: [], tokens: [], lease_ms: 1_000, sample: null })
    await beat()
    let ended: Awaited<ReturnType<typeof run>> | null = null
    void run(a, 'worker', 'start').then((result) => {
      ended = result
    })
    // Only continued heartbeats count: the host may have been rebooted.
    const refused = await waitFor(() => beat().then(() => ended), { within: 10_000, what: 'the refusal' })
    expect(refused.code).to.equal(78)
    expect(refused.stderr).to.contain('QUEUECTL_HOST_ID')
    await scene.store.deregister({ ids: ['s-clone'] })
  })
})
