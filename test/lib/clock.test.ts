import { expect } from 'chai'
import { alarm, monotonic, sleep } from '../../src/lib/clock.ts'
import { noteSignals } from '../../src/platform/signals.ts'
import { skip } from '../helpers/skip.ts'
import { waitFor } from '../helpers/wait-for.ts'

describe('sleep @fast', () => {
  it('takes the given time', async () => {
    const began = monotonic()
    await sleep(30)
    expect(monotonic() - began).to.be.within(29, 10_000)
  })

  it('ends early without an error when it is aborted before or during the sleep', async () => {
    const began = monotonic()
    await sleep(60_000, AbortSignal.abort())
    await sleep(10 ** 12, AbortSignal.timeout(20))
    expect(monotonic() - began).to.be.below(10_000)
  })
})

describe('an alarm @fast', () => {
  it('rings when its time has come, and not when it was cancelled', async () => {
    const rung: string[] = []
    const began = monotonic()
    alarm(20, () => rung.push(`after ${monotonic() - began >= 20}`))
    alarm(10, () => rung.push('called off'))()
    const off = alarm(2 ** 31, () => rung.push('at once, as setTimeout would'))
    await waitFor(() => rung.length > 0, { within: 10_000, what: 'the alarm' })
    await sleep(20)
    off()
    expect(rung).to.deep.equal(['after true'])
  })
})

describe('signals @fast', () => {
  it('are noted with their time, in order, and returned once', async function () {
    if (process.platform === 'win32') return skip(this, 'not for Windows')
    let wakes = 0
    const notes = noteSignals(['SIGHUP', 'SIGTERM'], () => wakes++)
    try {
      const began = monotonic()
      process.kill(process.pid, 'SIGHUP')
      await waitFor(() => wakes === 1, { within: 10_000, what: 'the first signal' })
      process.kill(process.pid, 'SIGTERM')
      await waitFor(() => wakes === 2, { within: 10_000, what: 'the second signal' })
      const taken = notes.take()
      expect(taken.map(({ name }) => name)).to.deep.equal(['SIGHUP', 'SIGTERM'])
      for (const { at } of taken) expect(at).to.be.within(began, monotonic())
      expect(notes.take()).to.deep.equal([])
    } finally {
      notes.restore()
    }
    expect(process.listenerCount('SIGHUP')).to.equal(0)
  })
})
