import { expect } from 'chai'
import { pollMs, WakeUps } from '../../src/supervisor/wake-ups.ts'
import { atBest, waitFor } from '../helpers/wait-for.ts'

describe('wake-ups for new work @posix @fast', () => {
  let clock = 0
  class Worker {
    free = true
    patient = true
    woken_at = 0
    wakes = 0
    wake() {
      this.wakes++
      this.woken_at = ++clock
    }
  }
  const crowd = (count: number) => Array.from({ length: count }, () => new Worker())
  const woken = (workers: readonly Worker[]) => workers.filter(({ wakes }) => wakes > 0).length

  for (const count of [8, 100]) {
    it(`go to one of ${count}, to another one for each job found, and to all in the end`, () => {
      const workers = crowd(count)
      const wake_ups = new WakeUps(() => workers)
      wake_ups.newWork()
      expect(woken(workers)).to.equal(1)
      const starts = () => workers.find(({ free, wakes }) => free && wakes > 0)
      for (let worker = starts(); worker !== undefined; worker = starts()) {
        worker.free = false
        wake_ups.found(worker)
      }
      expect(workers.filter(({ free }) => free)).to.deep.equal([])
    })
  }

  it('go to another worker of a few for each hint, but not for each job of a bulk to a crowd', async () => {
    let many: Worker[] = []
    const bulk = async () => {
      const few = crowd(8)
      many = crowd(100)
      for (const workers of [few, many]) {
        const wake_ups = new WakeUps(() => workers)
        for (let n = 0; n < 8; n++) wake_ups.newWork()
      }
      expect(few.map(({ wakes }) => wakes)).to.deep.equal(Array(8).fill(1))
      return woken(many)
    }
    // On a busy machine the bulk itself may take long: then it is more than one.
    expect(await atBest(1, bulk)).to.equal(1)
    await waitFor(() => woken(many) === 2, { within: 1_000, what: 'a wake-up for the rest of the bulk' })
  })

  it('go to busy workers too, which may have just looked', () => {
    const workers = crowd(100)
    const busy = workers.slice(0, 99)
    for (const worker of busy) worker.free = false
    new WakeUps(() => workers).newWork()
    expect(woken(busy)).to.equal(99)
    expect(workers.at(-1)?.wakes).to.equal(1)
  })

  it('go to busy workers, except the finder, when all free ones have found jobs', () => {
    const workers = crowd(3)
    const [first, second, busy] = workers as [Worker, Worker, Worker]
    const wake_ups = new WakeUps(() => workers)
    busy.free = false
    wake_ups.newWork()
    for (const worker of [first, second]) {
      worker.free = false
      wake_ups.found(worker)
    }
    expect([first, second, busy].map(({ wakes }) => wakes)).to.deep.equal([2, 1, 1])
  })

  it('reach the one free worker of a crowd within 1 s, and get past workers that hang', () => {
    const workers = crowd(100)
    const wake_ups = new WakeUps(() => workers)
    for (let second = 0; second < 50; second++) wake_ups.poll()
    expect(woken(workers)).to.equal(100)
    for (const worker of workers.slice(1)) worker.free = false
    wake_ups.poll()
    expect(workers[0]?.wakes).to.equal(2)
  })

  it('are not sent each second to workers that poll often enough themselves', () => {
    const workers = crowd(8)
    for (const worker of workers) worker.patient = pollMs(workers.length) > 1_000
    new WakeUps(() => workers).poll()
    expect(woken(workers)).to.equal(0)
    expect(pollMs(9)).to.be.above(1_000)
  })
})
