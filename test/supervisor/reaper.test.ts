import { expect } from 'chai'
import { platform } from '../../src/platform/platform.ts'
import { openRunJournal } from '../../src/runs/journal.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { Reaper } from '../../src/supervisor/reaper.ts'
import { beatOf, mustGet, put, take, workerRow } from '../contract/kit.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

const DEATH = { kind: 'interrupted', cause: 'worker died' } as const

describe('the reaper @posix', () => {
  let store: JobStore
  before(needsMongo)
  beforeEach(async () => {
    const address = (await mongoServer()).url()
    store = await openStore({ address, role: 'supervisor', data_folder: tempFolder(), is_alive: () => false })
  })
  afterEach(() => store.close())

  function reaperOn(looked_at: JobStore): Reaper {
    const journal = openRunJournal(store.info.folder)
    const context = { store: looked_at, platform, journal, by: 's2', host: 'here', lease_ms: 20_000, report: () => {} }
    return new Reaper(context, () => true)
  }

  it('records the run of a lost host under that host, which has its log', async () => {
    await put(store, ['a'])
    await take(store, { lease_ms: 1 })
    await store.beat({ ...beatOf('s1', []), workers: [{ ...workerRow('w1', 's1'), host: 'there' }] })
    const reaper = reaperOn(store)
    const recorded = async () => {
      await reaper.pass(new Set())
      return (await store.runs({ id: 'a' }))[0]
    }
    const run = await waitFor(recorded, { within: 4_000, what: 'the run is recovered' })
    expect(run).to.include({ worker: 'w1', host: 'there', outcome: 'interrupted', cause: 'host lost' })
  })

  it('takes no job whose lease expires while it recovers others, because it may be renewed meanwhile (R9)', async () => {
    await put(store, ['lost', 'held'])
    await take(store, { lease_ms: 1 })
    await take(store, { lease_ms: 10_000 })
    let late_ms = 5_000
    const slow: JobStore = {
      ...store,
      now: () => store.now() + late_ms,
      async fence(params) {
        late_ms = 60_000
        return store.fence(params)
      },
    }
    await reaperOn(slow).pass(new Set())
    expect(await mustGet(store, 'lost')).to.include({ state: 'pending', interruptions: 1 })
    expect(await mustGet(store, 'held')).to.include({ state: 'processing', processing_by: 'w1' })
  })

  it('takes no job whose lease was renewed after the reaper read it (R9)', async () => {
    await put(store, ['a', 'b'])
    const held = await take(store, { lease_ms: 1, worker_id: 'w1' })
    await take(store, { lease_ms: 1, worker_id: 'w2' })
    await store.beat({ ...beatOf('s1', []), workers: [{ ...workerRow('w1', 's1'), host: 'there' }] })
    const old = await store.processing()
    await store.renew({ worker_id: 'w1', tokens: [held.lease_token], lease_ms: 20_000 })
    const stale: JobStore = { ...store, now: () => store.now() + 60_000, processing: async () => old }
    await reaperOn(stale).pass(new Set())
    expect(await mustGet(store, 'a')).to.include({ state: 'processing', lease_token: held.lease_token })
    expect(await mustGet(store, 'b')).to.include({ state: 'pending', interruptions: 1 })
  })

  it('recovers a claim that the server executed after its worker was dead and handled (R1, R6)', async () => {
    await put(store, ['a'])
    const self = platform.identify(process.pid)
    const beat = beatOf('s2', ['w1'])
    Object.assign(beat.supervisor, { identity: self })
    for (const worker of beat.workers) Object.assign(worker, { identity: { ...self, start: '1' } })
    const reaper = reaperOn(store)
    expect(await reaper.recoverOwner(beat.workers[0] as never, DEATH)).to.equal(0)
    await store.beat(beat)
    await take(store)
    await reaper.pass(new Set())
    expect(await mustGet(store, 'a')).to.include({ state: 'pending', interruptions: 1, worker_deaths: 1 })
  })

  it('leaves a run to the recovery in progress, which knows its outcome (R6)', async () => {
    await put(store, ['a'])
    await take(store)
    await store.beat(beatOf('s1', ['w1']))
    const owner = (await store.processes()).find(({ id }) => id === 'w1')
    const busy: JobStore = {
      ...store,
      async settle(params) {
        await reaper.pass(new Set())
        return store.settle(params)
      },
    }
    const reaper = reaperOn(busy)
    expect(await reaper.recoverOwner(owner as never, DEATH)).to.equal(1)
    expect(await mustGet(store, 'a')).to.include({ interruptions: 1, worker_deaths: 1 })
  })

  it('continues a recovery that a store error cut off, and still knows the outcome (R6)', async () => {
    await put(store, ['a'])
    await take(store)
    await store.beat(beatOf('s1', ['w1']))
    const owner = (await store.processes()).find(({ id }) => id === 'w1')
    let failures = 1
    const reaper = reaperOn({
      ...store,
      async settle(params) {
        if (failures-- > 0) throw new Error('away')
        return store.settle(params)
      },
    })
    expect(await reaper.recoverOwner(owner as never, DEATH).catch(({ message }) => message)).to.equal('away')
    await reaper.pass(new Set())
    expect(await mustGet(store, 'a')).to.include({ interruptions: 1, worker_deaths: 1 })
  })
})
