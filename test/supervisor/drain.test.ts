import path from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { Drain } from '../../src/supervisor/drain.ts'
import { ended, FAILURE, put, SUCCESS } from '../contract/kit.ts'
import { tempFolder } from '../helpers/temp.ts'

describe('a drain @posix', () => {
  let store: JobStore
  const reported: unknown[] = []
  beforeEach(async () => {
    reported.length = 0
    const address = path.join(tempFolder(), 'queue.db')
    store = await openStore({ address, role: 'command', is_alive: () => false })
  })
  afterEach(() => store.close())

  const begin = (timeout: number | null = null) => new Drain({ store, queues: null, timeout, since: store.now() })
  const conclude = (drain: Drain) => drain.conclude((event) => reported.push(event))

  it('goes on while a job remains, and exits 0 when all have succeeded', async () => {
    const drain = begin()
    await put(store, ['a'], { delay_ms: 3_600_000 })
    expect(await drain.check()).to.equal(null)
    expect(conclude(drain)).to.equal(null)
    await store.cancel({ ids: ['a'] })
    await ended(store, 'b', SUCCESS)
    expect(await drain.check()).to.equal('drained')
    expect(conclude(drain)).to.equal(0)
    expect(reported).to.deep.equal([{ event: 'drained', left: 0, died: 0 }])
  })

  it('counts a job that came just after the last check and died: exit 1', async () => {
    const drain = begin()
    expect(await drain.check()).to.equal('drained')
    await ended(store, 'late', FAILURE)
    await drain.recount()
    expect(conclude(drain)).to.equal(1)
    expect(reported).to.deep.equal([{ event: 'drained', left: 0, died: 1 }])
  })

  it('exits 124 at its timeout and reports how many jobs remain', async () => {
    await put(store, ['a', 'b'])
    const drain = begin(-1)
    expect(await drain.check()).to.match(/^not drained in/)
    expect(conclude(drain)).to.equal(124)
    expect(reported).to.deep.equal([{ event: 'not_drained', left: 2, died: 0 }])
  })
})
