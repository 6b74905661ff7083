import { expect } from 'chai'
import { freezeOutsideAWrite } from '../helpers/freeze.ts'
import { Scene, UNTIL_GO } from '../helpers/supervised.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('worker scale @posix', function () {
  this.timeout(120_000)
  let scene: Scene
  beforeEach(async () => {
    scene = await Scene.open()
  })
  afterEach(() => scene.finish())

  const idle = async (count: number) => {
    const workers = (await scene.workers()).filter(({ state }) => state === 'idle' || state === 'busy')
    return workers.length === count && (await scene.workers()).length === count && workers
  }

  it('adds workers, and stops idle ones before busy ones', async () => {
    await scene.start()
    const more = await scene.run('worker', 'scale', '3', '--json')
    expect(JSON.parse(more.stdout)).to.include({ from: 1, to: 3 })
    await waitFor(() => idle(3), { within: 10_000, what: 'three workers are ready' })
    const id = await scene.add(UNTIL_GO)
    const holder = await scene.holder(id)
    const busy = async () => (await scene.workers()).find((row) => row.id === holder.id)?.state === 'busy'
    await waitFor(busy, { within: 3_000, what: 'its supervisor reports it as busy' })
    const less = await scene.run('worker', 'scale', '1')
    expect(less.code).to.equal(0)
    expect(less.stdout).to.match(/: scaled to 1 worker \(before: 3\)\n$/)
    const left = await waitFor(() => idle(1), { within: 10_000, what: 'one worker remains' })
    expect(left.map((worker) => worker.id)).to.deep.equal([holder.id])
    scene.go()
    await scene.until(id, { state: 'completed', attempts: 0, runs: 1 }, 8_000)
  })

  it('scales down to none and up again; jobs wait meanwhile', async () => {
    await scene.start('--count', '2')
    expect((await scene.run('worker', 'scale', '0')).code).to.equal(0)
    await waitFor(() => idle(0), { within: 10_000, what: 'no worker remains' })
    const id = await scene.add('true')
    expect((await scene.run('wait', id, '--timeout', '0.2s')).stderr).to.contain('no worker')
    expect((await scene.job(id)).state).to.equal('pending')
    expect((await scene.run('worker', 'scale', '1')).code).to.equal(0)
    await scene.until(id, { state: 'completed' }, 10_000)
  })

  it('requires the id of one of several supervisors: exit 3', async () => {
    await Promise.all([scene.start(), scene.start()])
    const { code, stderr } = await scene.run('worker', 'scale', '2')
    const supervisors = await scene.supervisors()
    expect(code).to.equal(3)
    for (const { id } of supervisors) expect(stderr).to.contain(id)
    const [first, second] = supervisors.map(({ id }) => id)
    expect((await scene.run('worker', 'scale', '2', first ?? '')).code).to.equal(0)
    const counts = async () => new Map((await scene.supervisors()).map(({ id, count }) => [id, count]))
    await waitFor(async () => (await counts()).get(first ?? '') === 2, { within: 5_000, what: 'the first has two' })
    expect((await counts()).get(second ?? '')).to.equal(1)
  })

  it('refuses invalid requests', async () => {
    expect((await scene.run('worker', 'scale', '2')).code, 'no supervisor').to.equal(3)
    const { child } = await scene.start('--grace', '20s')
    const [worker] = await scene.workers()
    const cases: [string[], number, RegExp][] = [
      [['-1'], 2, /-1/],
      [['1.5'], 2, /"1.5".*\n.*0 to 256/],
      [['257'], 2, /"257"/],
      [['2', worker?.id ?? ''], 2, /is a worker\n/],
      [['2', 'nobody'], 3, /"nobody"/],
    ]
    for (const [args, exit_code, text] of cases) {
      const { code, stderr } = await scene.run('worker', 'scale', ...args)
      expect([args, code]).to.deep.equal([args, exit_code])
      expect(stderr).to.match(text)
    }
    await scene.add(`echo begun >> ledger; ${UNTIL_GO}`)
    await scene.begun()
    child.kill('SIGTERM')
    await waitFor(async () => (await scene.supervisors())[0]?.state === 'stopping', {
      within: 5_000,
      what: 'it is stopping',
    })
    const late = await scene.run('worker', 'scale', '2')
    expect(late.code).to.equal(1)
    expect(late.stderr).to.contain('is stopping')
    scene.go()
  })

  it('gives up on a supervisor that does not answer: exit 4 @slow', async () => {
    const { child } = await scene.start()
    await freezeOutsideAWrite(scene, [child.pid])
    const { code, stderr } = await scene.run('worker', 'scale', '2', '--timeout', '1s')
    child.kill('SIGCONT')
    expect(code).to.equal(4)
    expect(stderr).to.match(/does not answer; last heartbeat \d+ s ago/)
    // It received the request, and scales when it is back.
    await waitFor(async () => (await scene.workers()).length === 2, { within: 5_000, what: 'two workers' })
  })
})
