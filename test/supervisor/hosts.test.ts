import { expect } from 'chai'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { lives } from '../helpers/processes.ts'
import { Scene } from '../helpers/supervised.ts'

describe('several hosts on one queue', function () {
  this.timeout(60_000)
  let scene: Scene
  before(needsMongo)
  beforeEach(async () => {
    scene = await Scene.open({ address: (await mongoServer()).url() })
  })
  afterEach(() => scene.finish())

  it('share the work, and stop when one of them asks', async () => {
    const [a, b] = [scene.host('a'), scene.host('b')]
    await Promise.all([a.start(), b.start()])
    const ids = await Promise.all([scene.add('sleep 1'), scene.add('sleep 1')])
    const owners = await Promise.all(ids.map((id) => scene.holder(id)))
    expect(owners.map(({ identity }) => identity.host_id)).to.have.members(['a', 'b'])
    const before = await scene.rows()
    const { code, stdout } = await a.run('worker', 'stop')
    expect([code, stdout.match(/stopped supervisor/g)?.length]).to.deep.equal([0, 2])
    expect(await scene.rows()).to.deep.equal([])
    expect(before.filter(({ identity }) => lives(identity.pid))).to.deep.equal([])
    for (const id of ids) expect(await scene.job(id)).to.include({ state: 'completed', attempts: 0 })
  })
})
