import { expect } from 'chai'
import { FENCE_MS } from '../../src/domain/timing.ts'
import { monotonic } from '../../src/lib/clock.ts'
import type { JobStore } from '../../src/store/port.ts'
import { startLeaseRenewal } from '../../src/worker/lease-renewal.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('a worker without a supervisor @posix @slow', () => {
  it('renews its leases before it must end its runs, however short the leases are (R2, R9)', async () => {
    // Two thirds of it are less than two heartbeat intervals (10 s); a third is more than any delay on a busy machine.
    const until_fence_ms = 9_000
    const began = monotonic()
    let renewed_at: number | null = null
    const store = {
      info: { shared: true },
      async renew() {
        renewed_at = monotonic()
        return { lost: [], cancelled: [] }
      },
    } as unknown as JobStore
    const heartbeat = startLeaseRenewal({
      store,
      worker_id: 'w1',
      lease_ms: FENCE_MS.term + until_fence_ms,
      tokens: () => ['t'],
      on_renewed: () => {},
      on_trouble: () => {},
    })
    try {
      await waitFor(() => renewed_at !== null, { within: 15_000, what: 'the worker renews' })
      // Not at once: a supervisor may be running.
      expect(Number(renewed_at) - began).to.be.within(4_000, until_fence_ms)
    } finally {
      heartbeat.stop()
    }
  })
})
