import { expect } from 'chai'
import { HAS_PROC } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { BOUNDS, judge, type Series, tableOf } from './judge.ts'
import { familyOf, usageOf } from './sample.ts'

const MIB = 1024 ** 2
const memory = (value: (i: number) => number): Series => ({
  name: 'memory',
  unit: 'bytes',
  values: Array.from({ length: 300 }, (_, i) => value(i)),
  bound: BOUNDS.memory,
})
/** Up and down like the heap of V8. */
const noise = (i: number) => 3 * MIB * Math.sin(i)

describe('the verdict of a soak (F31) @fast', () => {
  it('is flat where a figure only goes up and down, regardless of the first third', () => {
    expect(judge(memory((i) => 60 * MIB + noise(i)))).to.include({ flat: true })
    expect(judge(memory((i) => Math.min(60 + i / 3, 90) * MIB + noise(i)))).to.include({ flat: true })
  })

  it('finds 2 KiB kept for each of 20,000 jobs', () => {
    const verdict = judge(memory((i) => 60 * MIB + (i / 300) * 20_000 * 2048 + noise(i)))
    expect(verdict).to.include({ flat: false })
    expect(tableOf([verdict])).to.match(/memory .* GROWS/)
  })

  it('finds descriptors that are never closed, by the peaks of a saw', () => {
    const saw = (i: number) => 30 + (i % 10)
    const descriptors = (value: (i: number) => number): Series => ({
      ...memory(value),
      unit: 'count',
      bound: BOUNDS.descriptors,
    })
    expect(judge(descriptors(saw))).to.include({ flat: true, middle: 39 })
    expect(judge(descriptors((i) => saw(i) + i / 10))).to.include({ flat: false })
  })
})

describe('the figures of a soak @fast', () => {
  before(function () {
    if (!HAS_PROC) skip(this, 'no /proc')
  })

  it('are those of the process', () => {
    const usage = usageOf(process.pid)
    expect(usage?.rss).to.be.within(process.memoryUsage.rss() / 2, process.memoryUsage.rss() * 2)
    expect(usage?.pss).to.be.within(MIB, usage?.rss ?? 0)
    expect(usage?.descriptors).to.be.above(2)
    expect(usage?.threads).to.be.above(1)
    expect(familyOf(process.pid).processes).to.be.at.least(1)
  })

  it('are null when it has exited', () => {
    expect(usageOf(2 ** 22 + 1)).to.equal(null)
  })
})
