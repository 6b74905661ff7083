import path from 'node:path'
import { expect } from 'chai'
import { monotonic } from '../../src/lib/clock.ts'
import { freeSpace, SpaceWatch } from '../../src/platform/space.ts'
import { skip } from '../helpers/skip.ts'
import { smallDisk } from '../helpers/small-disk.ts'
import { tempFolder } from '../helpers/temp.ts'

describe('free space', () => {
  it('is reported for the disk of a path, also if the path does not exist yet', function () {
    const disk = smallDisk(1024 ** 2)
    if (disk === null) skip(this, 'mounting a file system needs root')
    try {
      const free = freeSpace(disk.folder)
      expect(free).to.be.within(900 * 1024, 1024 ** 2)
      expect(freeSpace(path.join(disk.folder, 'not', 'there', 'yet'))).to.equal(free)
      expect(freeSpace(tempFolder())).to.be.above(1024 ** 2)
    } finally {
      disk.remove()
    }
  })

  it('is unknown for a file system without a size', function () {
    // Only Linux has such a file system ready.
    if (process.platform !== 'linux') skip(this, 'for Linux')
    expect(freeSpace('/proc')).to.equal(null)
  })
})

describe('the watch over free space', () => {
  it('reports the disk with the least space, if that is too little', () => {
    const free: Record<string, number | null> = { a: 10, b: 5, c: null }
    const settings = { min_free: 8 }
    const watch = new SpaceWatch(['a', 'b', 'c'], settings, (at) => free[at] ?? null)
    expect(watch.low).to.deep.equal({ path: 'b', free: 5, min_free: 8 })
    settings.min_free = 5
    expect(watch.low).to.equal(null)
    settings.min_free = 0
    expect(watch.low).to.equal(null)
  })

  it('checks at most once a second, and not at all without a limit', () => {
    let looks = 0
    const settings = { min_free: 0 }
    const watch = new SpaceWatch(['a'], settings, () => ++looks)
    for (let n = 0; n < 100; n++) watch.low
    expect(looks).to.equal(0)
    settings.min_free = 1
    const began = monotonic()
    for (let n = 0; n < 1000; n++) watch.low
    expect(looks).to.be.within(1, 1 + (monotonic() - began) / 1_000)
  })
})
