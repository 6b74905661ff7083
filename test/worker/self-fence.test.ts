import { expect } from 'chai'
import { FENCE_MS } from '../../src/domain/timing.ts'
import { uptime } from '../../src/platform/clock.ts'
import { SelfFence } from '../../src/worker/self-fence.ts'
import { waitFor } from '../helpers/wait-for.ts'

const SECOND = 1_000

describe('a worker’s fence against its own leases (R9)', () => {
  const ended: { token: string; patience_ms: number; left: number }[] = []
  let fence: SelfFence | null = null
  const open = (lease_ms: number) => {
    ended.length = 0
    const since = uptime()
    fence = new SelfFence(lease_ms, (token, patience_ms) => {
      ended.push({ token, patience_ms, left: since + lease_ms - uptime() })
    })
    return fence
  }
  afterEach(() => fence?.stop())

  it('ends a run more than 10 s before its lease ends, with the patience that is left until 5 s before', async () => {
    open(FENCE_MS.term + SECOND).hold('a', uptime())
    await waitFor(() => ended.length > 0, { within: 2 * SECOND, what: 'it is ended' })
    expect(ended).to.have.length(1)
    expect(ended[0]?.left).to.be.within(10 * SECOND, FENCE_MS.term)
    expect(ended[0]?.patience_ms).to.be.within(4 * SECOND, 5 * SECOND)
  })

  it('counts from when the lease was asked for, and kills at once what is late', async () => {
    const late = open(30 * SECOND)
    late.hold('a', uptime())
    late.hold('b', uptime() - 19 * SECOND)
    await waitFor(() => ended.length > 0, { within: 2 * SECOND, what: 'it is ended' })
    expect(ended.map(({ token }) => token)).to.deep.equal(['b'])
  })

  it('does not let a run begin under the rest of a lease', () => {
    const young = open(30 * SECOND)
    expect(young.hold('a', uptime() - 20 * SECOND)).to.equal(false)
    expect(young.hold('b', uptime() - 10 * SECOND)).to.equal(true)
  })

  it('leaves alone what was renewed or has ended', async () => {
    const renewed = open(FENCE_MS.term + SECOND)
    for (const token of ['ended', 'renewed', 'left']) renewed.hold(token, uptime())
    renewed.drop('ended')
    renewed.renewed(['renewed', 'unknown'], uptime() + 60 * SECOND)
    await waitFor(() => ended.length > 0, { within: 2 * SECOND, what: 'the last one is ended' })
    expect(ended.map(({ token }) => token)).to.deep.equal(['left'])
  })
})
