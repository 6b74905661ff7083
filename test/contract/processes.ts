import { expect } from 'chai'
import { skip } from '../helpers/skip.ts'
import {
  beatOf,
  CLOCK_MS,
  claimOf,
  type Kit,
  put,
  SUCCESS,
  settle,
  supervisorRow,
  take,
  until,
  workerRow,
} from './kit.ts'

export function processesContract(kit: Kit): void {
  const rows = async () => (await kit.store.processes()).map((row) => row.id).sort()

  describe('processes', () => {
    it('a heartbeat writes the supervisor and its workers; the count grows, the start stays', async () => {
      await kit.store.beat(beatOf('s1', ['w1']))
      const first = await kit.store.processes()
      expect(first.map((row) => [row.id, row.kind, row.beats])).to.have.deep.members([
        ['s1', 'supervisor', 1],
        ['w1', 'worker', 1],
      ])
      await until(() => kit.store.now() > Number(first[0]?.beat_at))
      await kit.store.beat({ ...beatOf('s1', ['w1']), supervisor: { ...supervisorRow('s1'), state: 'draining' } })
      const second = (await kit.store.processes()).find((row) => row.id === 's1')
      expect(second).to.deep.include({ ...supervisorRow('s1'), state: 'draining', beats: 2 })
      expect(second?.started_at).to.equal(first[0]?.started_at)
      expect(second?.beat_at).to.be.greaterThan(Number(first[0]?.beat_at))
    })

    it('a row has the fields of its kind, and no others', async () => {
      await kit.store.beat(beatOf('s1', ['w1']))
      const rows = new Map((await kit.store.processes()).map((row) => [row.id, row]))
      const kept = ['started_at', 'beat_at', 'beats'] as const
      expect(rows.get('s1')).to.have.all.keys(...kept, ...Object.keys(supervisorRow('s1')))
      expect(rows.get('w1')).to.have.all.keys(...kept, ...Object.keys(workerRow('w1', 's1')))
    })

    it('a heartbeat removes workers that it does not name, except owners of jobs and those of other supervisors', async () => {
      await kit.store.beat(beatOf('s1', ['w1', 'w2']))
      await kit.store.beat(beatOf('s2', ['w3']))
      await put(kit.store, ['a'])
      const job = await take(kit.store, { worker_id: 'w1' })
      await kit.store.beat(beatOf('s1', []))
      expect(await rows()).to.deep.equal(['s1', 's2', 'w1', 'w3'])
      await settle(kit.store, job, SUCCESS)
      await kit.store.beat(beatOf('s1', []))
      expect(await rows()).to.deep.equal(['s1', 's2', 'w3'])
    })

    it('deregister removes rows, and ignores those that do not exist', async () => {
      await kit.store.beat(beatOf('s1', ['w1']))
      await kit.store.deregister({ ids: ['w1', 'nobody'] })
      expect(await rows()).to.deep.equal(['s1'])
    })

    it('keeps samples for later plots', async () => {
      const processes = [{ id: 's1', cpu: 1.5, rss: 2048 }]
      const sample = { supervisor_id: 's1', done: 3, failed: 1, processes }
      await kit.store.beat({ ...beatOf('s1', []), sample })
      const [stored] = await kit.store.samples({ since: 0 })
      expect(stored).to.deep.equal({ at: stored?.at, ...sample })
      expect(stored?.at).to.be.closeTo(kit.store.now(), CLOCK_MS)
      expect(await kit.store.samples({ since: Number(stored?.at) + 1 })).to.deep.equal([])
    })
  })

  describe('controls', () => {
    it('are taken once, in order, by the supervisor that they are for, and answered', async () => {
      await kit.store.ask({ id: 'c1', supervisor_id: 's1', kind: 'stop', args: { force: true } })
      await kit.store.ask({ id: 'c0', supervisor_id: 's1', kind: 'scale', args: { count: 3 } })
      await kit.store.ask({ id: 'c2', supervisor_id: 's2', kind: 'stop', args: {} })
      expect(await kit.store.control({ id: 'c1' })).to.deep.include({
        state: 'asked',
        args: { force: true },
        result: null,
      })
      const taken = await kit.store.takeControls({ supervisor_id: 's1' })
      expect(taken.map((control) => [control.id, control.state])).to.deep.equal([
        ['c1', 'taken'],
        ['c0', 'taken'],
      ])
      expect(await kit.store.takeControls({ supervisor_id: 's1' })).to.deep.equal([])
      await kit.store.answer({ id: 'c1', result: { killed: 1, released: 2 } })
      const answered = await kit.store.control({ id: 'c1' })
      expect(answered).to.deep.include({ state: 'done', kind: 'stop', result: { killed: 1, released: 2 } })
      expect(answered).to.have.all.keys('id', 'supervisor_id', 'kind', 'args', 'state', 'result', 'created_at')
      expect(await kit.store.control({ id: 'nobody' })).to.equal(null)
    })
  })

  describe('config', () => {
    it('is set, replaced and unset, for every connection', async () => {
      const other = await kit.bench.open('worker')
      expect(await kit.store.config()).to.deep.equal({})
      await kit.store.setConfig({ key: 'max_retries', value: 5 })
      await kit.store.setConfig({ key: 'timeout', value: null })
      await kit.store.setConfig({ key: 'durability', value: 'full' })
      await kit.store.setConfig({ key: 'max_retries', value: 7 })
      expect(await other.config()).to.deep.equal({ max_retries: 7, timeout: null, durability: 'full' })
      await kit.store.setConfig({ key: 'timeout', value: null, unset: true })
      expect(await other.config()).to.deep.equal({ max_retries: 7, durability: 'full' })
    })
  })

  describe('watch', () => {
    it('reports the commits of others', async function () {
      // A single MongoDB server has no change streams.
      if (!kit.bench.hears) skip(this, 'this server has no change streams')
      const other = await kit.bench.open('command')
      let heard = 0
      const watch = kit.store.watch({ on_change: () => heard++ })
      await until(async () => {
        await put(other, [`j${Math.random()}`])
        return heard > 0
      })
      watch.close()
    })
  })

  describe('close', () => {
    it('ends all calls of that connection, and of no other', async () => {
      const other = await kit.bench.open('worker')
      await put(kit.store, ['a'])
      await other.close()
      await other.close()
      expect(await other.claim(claimOf()).catch(() => 'refused')).to.equal('refused')
      expect((await take(kit.store)).id).to.equal('a')
    })
  })
}
