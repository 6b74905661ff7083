import { expect } from 'chai'
import { claimFilter } from '../../../src/domain/claim-filter.ts'
import { openStore } from '../../../src/store/open.ts'
import type { JobStore } from '../../../src/store/port.ts'
import { claimOf, mustGet, newJob, settle, supervisorRow, take, workerRow } from '../../contract/kit.ts'
import { mongoServer, needsMongo } from '../../helpers/mongo-server.ts'
import { queuectl } from '../../helpers/queuectl.ts'

// In an update by pipeline a string that starts with a dollar names a field; a dot in a name goes one level down.
describe('values with a meaning in MongoDB @posix', function () {
  this.timeout(60_000)
  let address: string
  let store: JobStore
  before(needsMongo)
  beforeEach(async () => {
    address = (await mongoServer()).url()
    store = await openStore({ address, role: 'command', data_folder: '/none', is_alive: () => false })
  })
  afterEach(() => store.close())

  it('are stored unchanged', async () => {
    const env = { 'A.B': '$HOME', $C: '$$NOW', __proto__x: '{"$ne":null}' }
    const spec = newJob({ id: 'a', command: '$HOME/x "$$" {"$gt":""}', queue: 'q.$', cwd: '$cwd', env })
    await store.insert({ jobs: [spec] })
    const claim = claimOf({ worker_id: '$command', token: '$queue', filter: claimFilter(['q.$']) })
    const { job } = await store.claim(claim)
    expect(job).to.deep.include({ command: spec.command, queue: 'q.$', cwd: '$cwd', env })
    expect(job).to.include({ processing_by: '$command', lease_token: '$queue', run_token: '$queue' })
    await store.fence({ id: 'a', token: '$queue', new_token: '$id', by: '$state', lease_ms: 1000 })
    const fenced = await mustGet(store, 'a')
    expect(fenced).to.include({ lease_token: '$id', processing_by: '$state' })
    await settle(store, fenced, { kind: 'cannot_start', message: '$$ROOT' })
    const [run] = await store.runs({ id: 'a' })
    expect(run).to.include({ token: '$queue', cause: 'cannot start: $$ROOT' })
    expect(await mustGet(store, 'a')).to.include({ reason: 'cannot start: $$ROOT' })
  })

  it('are stored unchanged in the registry too', async () => {
    const jobs = [
      { id: 'a.b', run: 1, token: '$t', command: '$x', pid: null, started_at: 5, cpu: 1, rss: null, note: null },
    ]
    const supervisor = { ...supervisorRow('s.1'), stuck: { 'a.b': '$why', $c: 'x' }, queues: ['q.$'], cwd: '$PWD' }
    const workers = [{ ...workerRow('w.1', 's.1'), jobs }]
    await store.beat({ supervisor, workers, tokens: [], lease_ms: 1000, sample: null })
    const rows = new Map((await store.processes()).map((row) => [row.id, row]))
    expect(rows.get('s.1')).to.deep.include(supervisor)
    expect(rows.get('w.1')).to.deep.include({ jobs })
  })

  it('are refused by the command line in place of a plain value', async () => {
    for (const field of ['id', 'command', 'queue', 'priority', 'cwd', 'timeout']) {
      const job = JSON.stringify({ command: 'true', [field]: { $ne: null } })
      const { code, stderr } = await queuectl(['enqueue', job, '--db', address])
      expect([field, code]).to.deep.equal([field, 2])
      expect(stderr).to.contain(field)
    }
    const { code } = await queuectl(['show', '{"$ne":null}', '--db', address])
    expect(code).to.equal(2)
    expect(await store.list({ sort: 'newest', limit: 1 })).to.deep.equal([])
  })

  it('of 64 KiB in 256 jobs of a worker fit into its row', async () => {
    const command = 'x'.repeat(64 * 1024)
    const jobs = Array.from({ length: 256 }, (_, i) => {
      return { id: `j${i}`, run: 1, token: 't', command, pid: 1, started_at: 5, cpu: 1, rss: 1, note: null }
    })
    const workers = [{ ...workerRow('w1', 's1'), jobs }]
    await store.beat({ supervisor: supervisorRow('s1'), workers, tokens: [], lease_ms: 1000, sample: null })
    expect((await store.processes()).map(({ id }) => id)).to.have.members(['s1', 'w1'])
  })

  it('of a job that runs again and again: the last 20 runs are kept', async () => {
    await store.insert({ jobs: [newJob({ id: 'a' })] })
    for (let n = 1; n <= 22; n++) await settle(store, await take(store), { kind: 'released', cause: 'stop signal' })
    expect((await store.runs({ id: 'a' })).map(({ number }) => number)).to.deep.equal(
      Array.from({ length: 20 }, (_, i) => i + 3),
    )
  })
})
