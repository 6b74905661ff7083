import os from 'node:os'
import { expect } from 'chai'
import { FENCE_MS, TERM_MS } from '../../src/domain/timing.ts'
import { uptime } from '../../src/lib/clock.ts'
import { SelfFence } from '../../src/worker/self-fence.ts'
import { waitFor } from '../helpers/wait-for.ts'

const SECOND = 1_000
const LEASE_MS = 30 * SECOND

/** The fence checks more often than this. */
const CHECKS_WITHIN_MS = 400

describe('a worker’s fence against its own leases (R9) @posix', () => {
  const { uptime: real } = os
  const ended: { token: string; patience_ms: number }[] = []
  let fence: SelfFence
  /** Seconds since boot, as the fence reads them, and how often it has read them. */
  let now: number
  let readings: number

  beforeEach(() => {
    ended.length = 0
    now = 1_000
    readings = 0
    os.uptime = () => {
      readings++
      return now
    }
    fence = new SelfFence(LEASE_MS, (token, patience_ms) => ended.push({ token, patience_ms }))
  })
  afterEach(() => {
    fence.stop()
    os.uptime = real
  })

  /**
   * Sets the clock to `ms` before the end of a lease that was requested at the beginning, and waits for a whole check.
   */
  async function left(ms: number): Promise<void> {
    now = 1_000 + (LEASE_MS - ms) / SECOND
    const before = readings
    // One check reads the clock once per run, all in one go.
    await waitFor(() => readings > before, { within: 10_000, what: 'a check' })
  }

  it('ends a run more than 10 s before its lease expires: SIGTERM, then SIGKILL more than 5 s before', async () => {
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

  it('checks a few times a second', async () => {
    fence.hold('a', uptime())
    readings = 0
    let ticks = 0
    // A delay of this process delays both.
    const timer = setInterval(() => ticks++, CHECKS_WITHIN_MS)
    await waitFor(() => ticks === 4, { within: 20_000, what: 'four ticks' })
    clearInterval(timer)
    expect(readings).to.be.at.least(3)
  })

  it('counts from the request of the lease, and shortens the time until SIGKILL for a run that is late', async () => {
    fence.hold('a', uptime())
    fence.hold('b', uptime() - 19 * SECOND)
    await left(LEASE_MS - 2 * SECOND)
    expect(ended).to.deep.equal([{ token: 'b', patience_ms: 9 * SECOND - FENCE_MS.kill }])
  })

  it('does not let a run start when too little of its lease remains', () => {
    expect(fence.hold('a', uptime() - 20 * SECOND)).to.equal(false)
    expect(fence.hold('b', uptime() - 10 * SECOND)).to.equal(true)
  })

  it('does not end runs that were renewed or have ended', async () => {
    for (const token of ['ended', 'renewed', 'left']) fence.hold(token, uptime())
    fence.drop('ended')
    fence.renewed(['renewed', 'unknown'], uptime() + 10 * SECOND)
    await left(FENCE_MS.term)
    expect(ended.map(({ token }) => token)).to.deep.equal(['left'])
  })
})
