import { statSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { ALL_QUEUES } from '../../src/domain/claim-filter.ts'
import { effectiveSettings, type Settings } from '../../src/domain/settings.ts'
import { logPath } from '../../src/logs/log-path.ts'
import { TailUploader } from '../../src/logs/tail-uploader.ts'
import { openRunJournal } from '../../src/runs/journal.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import type { FromWorker, WorkerSetup } from '../../src/worker/messages.ts'
import { Worker } from '../../src/worker/worker.ts'
import { LEASE_MS, put } from '../contract/kit.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

const SETUP: Omit<WorkerSetup, 'address' | 'cwd'> = {
  id: 'w1',
  settings: effectiveSettings({ log_tail: 0, min_free: 0 }),
  concurrency: 1,
  filter: ALL_QUEUES,
  grace: 0,
  lease_ms: LEASE_MS,
  // Longer than any of these tests: nothing is found by looking.
  poll_ms: 600_000,
  pass_store: false,
}

describe('a worker @posix', function () {
  this.timeout(60_000)
  let home: string
  let store: JobStore
  /** Calls that asked for a job, each by itself or at the end of another. */
  let asked: ('claim' | 'settle')[]
  let told: FromWorker[]
  /** So many claims fail. */
  let troubles: number

  beforeEach(async () => {
    home = tempFolder()
    const address = path.join(home, 'queue.db')
    store = await openStore({ address, role: 'worker', is_alive: () => false })
    asked = []
    told = []
    troubles = 0
  })
  afterEach(async () => {
    expect(await store.processing(), 'leases').to.deep.equal([])
    await store.close()
  })

  /** At work, until `story` is over. `on_settled` is called before the worker hears the answer. */
  async function atWork(
    story: (worker: Worker, settings: Settings) => Promise<unknown>,
    on_settled: (worker: Worker) => unknown = () => {},
  ) {
    const counted: JobStore = {
      ...store,
      claim: async (params) => {
        asked.push('claim')
        if (troubles-- > 0) throw new Error('no answer')
        return store.claim(params)
      },
      settle: async (params) => {
        if (params.next) asked.push('settle')
        const settled = await store.settle(params)
        await on_settled(worker)
        return settled
      },
    }
    const link = { send: (message: FromWorker) => told.push(message), end: async () => {} }
    const settings = { ...SETUP.settings }
    const outputs = new TailUploader({ store, settings, on_trouble: () => {} })
    const setup = { ...SETUP, settings, address: path.join(home, 'queue.db'), cwd: home }
    const worker: Worker = new Worker(counted, setup, link, openRunJournal(store.info.folder), outputs)
    const working = worker.work()
    try {
      await story(worker, settings)
    } finally {
      worker.drain(0)
      await working
      await outputs.close()
    }
  }

  const idle = (times: number) =>
    waitFor(() => told.filter(({ type }) => type === 'idle').length === times, { within: 10_000, what: 'it is idle' })
  const ended = (count: number) =>
    waitFor(async () => (await store.overview()).total.completed === count, { within: 10_000, what: 'jobs are done' })

  it('does not ask again for what it found none of at the end of a job, until it is told of more', async () => {
    await put(store, ['a'], { origin_cwd: home })
    await atWork(async (worker) => {
      await idle(1)
      expect(asked).to.deep.equal(['claim', 'settle'])
      await put(store, ['b'], { origin_cwd: home })
      worker.wake()
      await ended(2)
      await idle(2)
      expect(asked).to.deep.equal(['claim', 'settle', 'claim', 'settle'])
    })
  })

  it('asks again at once when it was told of more before it heard that there is none', async () => {
    await put(store, ['a'], { origin_cwd: home })
    const more = async (worker: Worker) => {
      if (asked.length > 2) return
      await put(store, ['b'], { origin_cwd: home })
      worker.wake()
    }
    await atWork(() => ended(2), more)
    expect(asked.slice(0, 4)).to.deep.equal(['claim', 'settle', 'claim', 'settle'])
  })

  it('asks again when it was told of more while the store was in trouble', async () => {
    troubles = 1
    await atWork(async (worker) => {
      await waitFor(() => told.some(({ type }) => type === 'trouble'), { within: 10_000, what: 'it says so' })
      await put(store, ['a'], { origin_cwd: home })
      worker.wake()
      await ended(1)
    })
  })

  it('follows settings that change while it works, from the next run on', async () => {
    const command = 'head -c 100000 /dev/zero'
    const size = async (id: string) =>
      statSync(logPath(store.info.folder, (await store.runs({ id }))[0]?.token ?? '')).size
    await put(store, ['a'], { origin_cwd: home, command })
    await atWork(async (worker, settings) => {
      await ended(1)
      Object.assign(settings, effectiveSettings({ log_limit: 4096 }))
      await put(store, ['b'], { origin_cwd: home, command })
      worker.wake()
      await ended(2)
    })
    expect(await size('a')).to.equal(100_000)
    expect(await size('b')).to.be.below(10_000)
  })

  it('waits no longer than until a retry is due that it has just written down', async () => {
    const flag = path.join(home, 'second')
    await put(store, ['a'], {
      origin_cwd: home,
      backoff_base: 1,
      command: `test -e ${flag} || { touch ${flag}; exit 1; }`,
    })
    await atWork(() => ended(1))
    expect((await store.runs({ id: 'a' })).map(({ outcome }) => outcome)).to.deep.equal(['failed', 'completed'])
  })
})
