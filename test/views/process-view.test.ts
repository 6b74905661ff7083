import path from 'node:path'
import { expect } from 'chai'
import type { SupervisorRow } from '../../src/domain/processes.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { whyUnserved } from '../../src/views/process-view.ts'
import { beatOf, supervisorRow } from '../contract/kit.ts'
import { tempFolder } from '../helpers/temp.ts'

describe('why no worker serves a queue @fast', () => {
  let store: JobStore
  beforeEach(async () => {
    store = await openStore({ address: path.join(tempFolder(), 'q.db'), role: 'command', is_alive: () => false })
  })
  afterEach(() => store.close())

  const beat = (id: string, row: Partial<SupervisorRow>) =>
    store.beat({ ...beatOf(id, []), supervisor: { ...supervisorRow(id), ...row } })

  it('depends on running supervisors that have workers and claim from it', async () => {
    expect(await whyUnserved(store, 'mail')).to.equal('no worker is running')
    await beat('s1', { state: 'stopping' })
    await beat('s2', { count: 0 })
    expect(await whyUnserved(store, 'mail')).to.equal('no worker is running')
    await beat('s3', { queues: ['other'] })
    expect(await whyUnserved(store, 'mail')).to.equal('no worker serves queue "mail"')
    await beat('s4', { queues: ['other', 'mail'] })
    expect(await whyUnserved(store, 'mail')).to.equal(null)
    expect(await whyUnserved(store, 'other')).to.equal(null)
  })
})
