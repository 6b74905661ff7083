import os from 'node:os'
import { expect } from 'chai'
import { FENCE_MS, TERM_MS } from '../../src/domain/timing.ts'
import { uptime } from '../../src/lib/clock.ts'
import { SelfFence } from '../../src/worker/self-fence.ts'
import { waitFor } from '../helpers/wait-for.ts'

const SECOND = 1_000
const LEASE_MS = 30 * SECOND

/** Its looks come more often than this. */
const LOOKS_WITHIN_MS = 400

describe('a worker’s fence against its own leases (R9) @posix', () => {
  const { uptime: real } = os
  const ended: { token: string; patience_ms: number }[] = []
  let fence: SelfFence
  /** Seconds since this machine was started, as the fence is told; and how often it has asked. */
  let now: number
  let asked: number

  beforeEach(() => {
    ended.length = 0
    now = 1_000
    asked = 0
    os.uptime = () => {
      asked++
      return now
    }
    fence = new SelfFence(LEASE_MS, (token, patience_ms) => ended.push({ token, patience_ms }))
  })
  afterEach(() => {
    fence.stop()
    os.uptime = real
  })

  /** Sets the clock to so long before the end of a lease that was asked for at the beginning, and waits for a whole look. */
  async function left(ms: number): Promise<void> {
    now = 1_000 + (LEASE_MS - ms) / SECOND
    const before = asked
    // It asks once for each run that it knows, all of them in one go.
    await waitFor(() => asked > before, { within: 10_000, what: 'a look' })
  }

  it('ends a run more than 10 s before its lease ends, with the patience that is left until 5 s before', async () => {
    fence.hold('a', uptime())
    await left(FENCE_MS.term + 1)
    expect(ended).to.deep.equal([])
    await left(FENCE_MS.term)
    expect(ended).to.deep.equal([{ token: 'a', patience_ms: TERM_MS }])
    await left(FENCE_MS.kill + SECOND)
    expect(ended).to.have.length(1)
    await left(FENCE_MS.kill)
    expect(ended.slice(1)).to.deep.equal([{ token: 'a', patience_ms: 0 }])
    expect([FENCE_MS.term > 10 * SECOND, FENCE_MS.kill > 5 * SECOND]).to.deep.equal([true, true])
  })

  it('looks a few times a second', async () => {
    fence.hold('a', uptime())
    asked = 0
    let ticks = 0
    // Both are held up by what holds this process up.
    const timer = setInterval(() => ticks++, LOOKS_WITHIN_MS)
    await waitFor(() => ticks === 4, { within: 20_000, what: 'as many ticks' })
    clearInterval(timer)
    expect(asked).to.be.at.least(3)
  })

  it('counts from when the lease was asked for, and leaves what is late no more time than there is', async () => {
    fence.hold('a', uptime())
    fence.hold('b', uptime() - 19 * SECOND)
    await left(LEASE_MS - 2 * SECOND)
    expect(ended).to.deep.equal([{ token: 'b', patience_ms: 9 * SECOND - FENCE_MS.kill }])
  })

  it('does not let a run begin under the rest of a lease', () => {
    expect(fence.hold('a', uptime() - 20 * SECOND)).to.equal(false)
    expect(fence.hold('b', uptime() - 10 * SECOND)).to.equal(true)
  })

  it('leaves alone what was renewed or has ended', async () => {
    for (const token of ['ended', 'renewed', 'left']) fence.hold(token, uptime())
    fence.drop('ended')
    fence.renewed(['renewed', 'unknown'], uptime() + 10 * SECOND)
    await left(FENCE_MS.term)
    expect(ended.map(({ token }) => token)).to.deep.equal(['left'])
  })
})
