import { expect } from 'chai'
import mongoose from 'mongoose'
import { openStore } from '../../src/store/open.ts'
import { beatOf } from '../contract/kit.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { queuectl } from '../helpers/queuectl.ts'

/** Rows of a supervisor and two workers on a host. */
function beatOn(name: string, host: string, host_id: string) {
  const { supervisor, workers, ...beat } = beatOf(`s-${name}`, [`w-${name}1`, `w-${name}2`])
  const moved = <Row extends typeof supervisor | (typeof workers)[number]>(row: Row): Row => ({
    ...row,
    host,
    identity: { ...row.identity, host_id },
  })
  return { ...beat, supervisor: { ...moved(supervisor), version: '1.2.3' }, workers: workers.map(moved) }
}

describe('views of several hosts @posix', () => {
  let address = ''
  // Two hosts of one name, and one that was lost three minutes ago.
  before(async function () {
    await needsMongo.call(this)
    address = (await mongoServer()).url()
    const store = await openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })
    await store.beat(beatOn('a', 'build', '11112222333344445555666677778888'))
    await store.beat(beatOn('b', 'build', '9999aaaabbbbccccddddeeeeffff0000'))
    await store.beat(beatOn('c', 'lost', 'cccc'))
    await store.close()
    const database = await mongoose.createConnection(address).asPromise()
    const [lost, lost_at] = [{ host: 'lost' }, new Date(Date.now() - 180_000)]
    await database.collection('processes').updateMany(lost, { $set: { beat_at: lost_at } })
    await database.close()
  })

  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await queuectl([...args, '--db', address])
    expect([code, stderr]).to.deep.equal([0, ''])
    return stdout
  }

  it('worker list distinguishes them, with version and heartbeat; a lost host is silent', async () => {
    const lines = (await ok('worker', 'list')).trimEnd().split('\n')
    expect(lines[0]).to.match(/^ID +HOST +PID +STATE .* VERSION +HEARTBEAT +JOB$/)
    expect(lines.slice(1).map((line) => line.slice(0, 7).trim())).to.have.members(
      ['a', 'b', 'c'].flatMap((name) => [`s-${name}`, `w-${name}1`, `w-${name}2`]),
    )
    const row = (id: string) => lines.find((line) => line.trim().startsWith(id))
    expect(row('s-a')).to.match(/ build \(11112222\) .* running .* 1\.2\.3 /)
    expect(row('w-b1')).to.match(/ build \(9999aaaa\) .* idle /)
    expect(row('s-c')).to.match(/ lost +\d+ +silent .* 1\.2\.3 +3m( \d+s)? ago$/)
  })

  it('worker list --json has all of this for each process', async () => {
    const rows: Record<string, unknown>[] = JSON.parse(await ok('worker', 'list', '--json'))
    expect(rows).to.have.length(9)
    const row = (id: string) => rows.find((one) => one.id === id)
    expect(row('s-b')).to.include({
      host: 'build',
      host_id: '9999aaaabbbbccccddddeeeeffff0000',
      version: '1.2.3',
      state: 'running',
    })
    expect(row('w-a2')).to.include({ host_id: '11112222333344445555666677778888', supervisor_id: 's-a', state: 'idle' })
    expect(row('w-c1')).to.include({ host: 'lost', state: 'silent' })
    expect(row('s-c')?.beat_age).to.be.within(179, 240)
    expect(row('s-a')?.beat_age).to.be.within(0, 60)
  })

  it('status has a line for each host', async () => {
    const text = await ok('status')
    expect(text).to.match(/^Workers +6 \(4 idle, 2 silent\)$/m)
    expect(text).to.match(/^ {2}build \(11112222\) +2 \(2 idle\)$/m)
    expect(text).to.match(/^ {2}build \(9999aaaa\) +2 \(2 idle\)$/m)
    expect(text).to.match(/^ {2}lost +2 \(2 silent\), last heartbeat 3m( \d+s)? ago$/m)
  })

  it('status --json has an element for each host', async () => {
    const { supervisors, workers, hosts } = JSON.parse(await ok('status', '--json'))
    expect([supervisors, workers.idle, workers.silent]).to.deep.equal([2, 4, 2])
    expect(hosts.map(({ host_id }: { host_id: string }) => host_id)).to.have.members([
      '11112222333344445555666677778888',
      '9999aaaabbbbccccddddeeeeffff0000',
      'cccc',
    ])
    const lost = hosts.find(({ host }: { host: string }) => host === 'lost')
    expect([lost.supervisors, lost.workers.silent]).to.deep.equal([0, 2])
    expect(lost.beat_age).to.be.within(179, 240)
  })
})
