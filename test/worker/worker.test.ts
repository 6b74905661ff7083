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
  // Longer than any of these tests: nothing is found by polling.
  poll_ms: 600_000,
  pass_store: false,
}

describe('a worker @posix', function () {
  this.timeout(60_000)
  let home: string
  let store: JobStore
  /** Calls that requested a job: a claim by itself, or the settle of another job. */
  let requested: ('claim' | 'settle')[]
  let sent: FromWorker[]
  /** How many more claims fail. */
  let troubles: number

  beforeEach(async () => {
    home = tempFolder()
    const address = path.join(home, 'queue.db')
    store = await openStore({ address, role: 'worker', is_alive: () => false })
    requested = []
    sent = []
    troubles = 0
  })
  afterEach(async () => {
    expect(await store.processing(), 'leases').to.deep.equal([])
    await store.close()
  })

  /** Runs a worker until `story` is over. `on_settled` is called before the worker gets the answer. */
  async function atWork(
    story: (worker: Worker, settings: Settings) => Promise<unknown>,
    on_settled: (worker: Worker) => unknown = () => {},
  ) {
    const counted: JobStore = {
      ...store,
      claim: async (params) => {
        requested.push('claim')
        if (troubles-- > 0) throw new Error('no answer')
        return store.claim(params)
      },
      settle: async (params) => {
        if (params.next) requested.push('settle')
        const settled = await store.settle(params)
        await on_settled(worker)
        return settled
      },
    }
    const link = { send: (message: FromWorker) => sent.push(message), end: async () => {} }
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
    waitFor(() => sent.filter(({ type }) => type === 'idle').length === times, {
      within: 10_000,
      what: 'the worker is idle',
    })
  const ended = (count: number) =>
    waitFor(async () => (await store.overview()).total.completed === count, { within: 10_000, what: 'jobs are done' })

  it('does not claim again after a settle that found no job, until a wake-up', async () => {
    await put(store, ['a'], { origin_cwd: home })
    await atWork(async (worker) => {
      await idle(1)
      expect(requested).to.deep.equal(['claim', 'settle'])
      await put(store, ['b'], { origin_cwd: home })
      worker.wake()
      await ended(2)
      await idle(2)
      expect(requested).to.deep.equal(['claim', 'settle', 'claim', 'settle'])
    })
  })

  it('claims again at once after a wake-up that came before the answer “no job”', async () => {
    await put(store, ['a'], { origin_cwd: home })
    const more = async (worker: Worker) => {
      if (requested.length > 2) return
      await put(store, ['b'], { origin_cwd: home })
      worker.wake()
    }
    await atWork(() => ended(2), more)
    expect(requested.slice(0, 4)).to.deep.equal(['claim', 'settle', 'claim', 'settle'])
  })

  it('claims again after a wake-up that came while the store failed', async () => {
    troubles = 1
    await atWork(async (worker) => {
      await waitFor(() => sent.some(({ type }) => type === 'trouble'), {
        within: 10_000,
        what: 'the worker reports it',
      })
      await put(store, ['a'], { origin_cwd: home })
      worker.wake()
      await ended(1)
    })
  })

  it('applies changed settings from the next run on', async () => {
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

  it('waits no longer than until the retry that it has just stored is due', async () => {
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
