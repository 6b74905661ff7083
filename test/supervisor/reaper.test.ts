import { expect } from 'chai'
import { platform } from '../../src/platform/platform.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { Reaper } from '../../src/supervisor/reaper.ts'
import { openTraces } from '../../src/worker/traces.ts'
import { beatOf, put, take, workerRow } from '../contract/kit.ts'
import { mongoServer, needsMongo } from '../helpers/mongo-server.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('the reaper', () => {
  let store: JobStore
  before(needsMongo)
  afterEach(() => store.close())

  it('books the run of a lost host under the name of that host, where its log lies', async () => {
    const address = (await mongoServer()).url()
    store = await openStore({ address, role: 'supervisor', data_folder: tempFolder(), is_alive: () => false })
    await put(store, ['a'])
    await take(store, { lease_ms: 1 })
    await store.beat({ ...beatOf('s1', []), workers: [{ ...workerRow('w1', 's1'), host: 'there' }] })
    const traces = openTraces(store.info.folder)
    const context = { store, platform, traces, by: 's2', host: 'here', lease_ms: 20_000, tell: () => {} }
    const reaper = new Reaper(context, () => true)
    const booked = async () => {
      await reaper.pass(new Set())
      return (await store.runs({ id: 'a' }))[0]
    }
    const run = await waitFor(booked, { within: 4_000, what: 'the run is recovered' })
    expect(run).to.include({ worker: 'w1', host: 'there', outcome: 'interrupted', cause: 'host lost' })
  })
})
