import { appendFileSync } from 'node:fs'
import { expect } from 'chai'
import type { OutputTail } from '../../src/domain/history.ts'
import { newToken } from '../../src/domain/ids.ts'
import { monotonic } from '../../src/lib/clock.ts'
import { openOutput } from '../../src/logs/log-file.ts'
import { TailUploader } from '../../src/logs/tail-uploader.ts'
import type { JobStore } from '../../src/store/port.ts'
import { job } from '../helpers/runs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** How a store answers. A real one cannot fail in a single call on request. */
type Answer = () => Promise<void>

const FINE: Answer = async () => {}
const NEVER: Answer = () => new Promise(() => {})
const FAILS: Answer = () => Promise.reject(new Error('the store is away'))

const LOOK_MS = 200
/** Long enough for a store that answers, on any busy machine. */
const PATIENT_MS = 30_000

describe('keeping outputs in the store @posix', function () {
  this.timeout(60_000)
  const folder = tempFolder()
  const keepers: TailUploader[] = []
  afterEach(async () => {
    for (const keeper of keepers.splice(0)) await keeper.close()
  })

  /** Whether `ending` resolves without waiting for anything. */
  async function isAtOnce(ending: Promise<void>): Promise<boolean> {
    let over = false
    void ending.then(() => {
      over = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    return over
  }

  function lab({ shared = true, most = 100, patient = true } = {}) {
    const calls: OutputTail[][] = []
    const reported: string[] = []
    const store = { answer: FINE }
    const keepOutputs = ({ outputs }: { outputs: OutputTail[] }) => {
      calls.push(outputs)
      return store.answer()
    }
    const keeper = new TailUploader({
      store: { info: { shared }, keepOutputs } as unknown as JobStore,
      settings: { log_tail: most },
      on_trouble: (message) => reported.push(message),
      look_ms: LOOK_MS,
      ...(patient ? { patience_ms: PATIENT_MS } : {}),
    })
    keepers.push(keeper)
    /** A run that has written nothing yet. */
    const run = (id: string) => {
      const output = openOutput({ folder, token: newToken(), limit: 1024 ** 3 })
      const finish = keeper.watch(job({ id, runs: 3 }), `token of ${id}`, output)
      const end = () => {
        output.close()
        return finish()
      }
      return { output, write: (text: string) => appendFileSync(output.fd, text), end }
    }
    const texts = () => calls.map((outputs) => outputs.map(({ tail }) => Buffer.from(tail).toString()))
    return { calls, reported, store, keeper, run, texts }
  }

  it('sends what has grown during runs, all in one call, and the last bytes before their end', async () => {
    const { run, calls, texts } = lab()
    const [a, b, silent] = [run('a'), run('b'), run('c')]
    a.write('one')
    b.write('x'.repeat(150))
    await waitFor(() => calls.length === 1, { within: 10_000, what: 'the first call' })
    expect(texts()).to.deep.equal([['one', 'x'.repeat(100)]])
    a.write(' two')
    await waitFor(() => calls.length === 2, { within: 10_000, what: 'the second call' })
    a.write(' three')
    await a.end()
    expect(calls).to.have.length(3)
    await b.end()
    await silent.end()
    expect(texts().slice(1)).to.deep.equal([['one two'], ['one two three'], ['x'.repeat(100)]])
    const { host, path, tail: _, ...last } = calls.flat()[3] as OutputTail
    expect(last).to.deep.equal({ token: 'token of a', job: 'a', run: 3, bytes: 13, ended: true })
    expect(host).to.not.equal('')
    expect(path).to.equal(a.output.path)
    expect(calls.map((outputs) => outputs.map(({ ended }) => ended))).to.deep.equal([
      [false, false],
      [false],
      [true],
      [true],
    ])
  })

  it('makes no call for runs without output, when it is turned off, and when every reader is on this host', async () => {
    const silent = lab()
    await silent.run('a').end()
    const off = lab({ most: 0 })
    const local = lab({ shared: false })
    for (const { run } of [off, local]) {
      const noisy = run('a')
      noisy.write('text')
      await noisy.end()
    }
    expect([silent.calls, off.calls, local.calls]).to.deep.equal([[], [], []])
  })

  it('delays the end of a run briefly when the store does not answer, and the next ones not at all', async () => {
    const { run, store, keeper, calls } = lab({ patient: false })
    store.answer = NEVER
    const [first, second] = [run('a'), run('b')]
    first.write('text')
    second.write('text')
    const began = monotonic()
    await first.end()
    expect(monotonic() - began).to.be.within(400, 5_000)
    expect(await isAtOnce(second.end())).to.equal(true)
    expect(await isAtOnce(keeper.close())).to.equal(true)
    expect(calls).to.have.length(1)
  })

  it('reports a store’s problem once, and retries until the last bytes are stored', async () => {
    const { run, store, reported, texts, keeper } = lab()
    store.answer = FAILS
    const [a, b] = [run('a'), run('b')]
    a.write('last words')
    b.write('going on')
    await waitFor(() => reported.length > 0, { within: 10_000, what: 'the problem is reported' })
    expect(await isAtOnce(a.end())).to.equal(true)
    const before = texts().length
    await waitFor(() => texts().length > before + 1, { within: 10_000, what: 'a retry' })
    store.answer = FINE
    const failed = texts().length
    await waitFor(() => texts().length > failed, { within: 10_000, what: 'another try' })
    expect(texts()[failed]).to.deep.equal(['last words', 'going on'])
    expect(reported).to.deep.equal(['cannot save the output of runs to the store: the store is away'])
    await b.end()
    await keeper.close()
    expect(texts().at(-1)).to.deep.equal(['going on'])
  })

  it('sends a megabyte at a time, while others wait', async () => {
    const { run, calls } = lab({ most: 1024 ** 2 })
    const runs = Array.from({ length: 5 }, (_, i) => run(`j${i}`))
    for (const { write } of runs) write('x'.repeat(400_000))
    await Promise.all(runs.map(({ end }) => end()))
    expect(calls.map((outputs) => outputs.length)).to.deep.equal([1, 3, 1])
  })
})
