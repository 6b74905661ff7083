import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { newToken } from '../../src/domain/ids.ts'
import { platform } from '../../src/platform/platform.ts'
import { procfs } from '../../src/platform/procfs.ts'
import { endStrangers, HAS_PROC, lives, stranger } from '../helpers/processes.ts'
import { tempFolder } from '../helpers/temp.ts'

describe('a process that is about to execute its program (R4)', function () {
  if (!HAS_PROC) return
  this.timeout(30_000)
  afterEach(() => endStrangers())

  it('is identified by the dead worker whose copy it still is, and killed with it', async () => {
    const { pid } = stranger('exec sleep 60', { PATH: process.env.PATH, QUEUECTL_WORKER: 'w-dead' })
    const tree = { token: newToken(), pid: null, start: null, worker: 'w-dead' }
    expect(await platform.endTree(tree, { patience_ms: 0, sweep: true })).to.deep.equal({ gone: true })
    expect(lives(pid)).to.equal(false)
  })

  it('is found at any time', async () => {
    const token = newToken()
    const file = path.join(tempFolder(), 'again.sh')
    writeFileSync(file, '[ "$1" -ge 400 ] || exec /bin/sh "$0" $(($1 + 1)); exec sleep 60')
    const { pid } = stranger(`exec /bin/sh ${file} 1`, { PATH: process.env.PATH, QUEUECTL_LEASE: token })
    const unseen = []
    for (let look = 0; look < 2_000; look++) {
      const { holding } = await procfs.holders([pid], `QUEUECTL_LEASE=${token}`)
      if (!holding.has(pid)) unseen.push(look)
    }
    expect(unseen).to.deep.equal([])
  })
})
