import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { newToken } from '../../src/domain/ids.ts'
import { openOutput } from '../../src/logs/log-file.ts'
import { logPath } from '../../src/logs/log-path.ts'
import { runLab } from '../helpers/runs.ts'
import { skip } from '../helpers/skip.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

const LIMIT = 4096
const MARKER = /\n\[queuectl: (\d+) bytes of output are left out here\] *\n/

describe('a log @posix', () => {
  const folder = tempFolder()
  const open = (limit = LIMIT) => openOutput({ folder, token: newToken(), limit })

  it('is created for its owner only, for any umask (S7)', function () {
    if (process.getuid === undefined) return skip(this, 'no file modes on Windows')
    const before = process.umask(0)
    try {
      const own = path.join(folder, 'fresh.d')
      const output = openOutput({ folder: own, token: newToken(), limit: LIMIT })
      output.close()
      const modes = [output.path, path.dirname(output.path), path.join(own, 'logs'), own].map(
        (at) => statSync(at).mode & 0o777,
      )
      expect(modes).to.deep.equal([0o600, 0o700, 0o700, 0o700])
    } finally {
      process.umask(before)
    }
  })

  it('is refused if its file or a folder is a link (S22)', () => {
    const token = newToken()
    const file = logPath(folder, token)
    mkdirSync(path.dirname(file), { recursive: true })
    symlinkSync('/dev/null', file)
    expect(() => openOutput({ folder, token, limit: LIMIT })).to.throw(/cannot open the log/)
    const linked = path.join(folder, 'linked.d')
    symlinkSync(folder, linked)
    expect(() => openOutput({ folder: linked, token: newToken(), limit: LIMIT })).to.throw(/is not a folder/)
  })

  it('is opened again after its folder was removed', () => {
    const own = tempFolder()
    openOutput({ folder: own, token: `a${newToken().slice(1)}`, limit: LIMIT }).close()
    rmSync(path.join(own, 'logs'), { recursive: true })
    openOutput({ folder: own, token: `a${newToken().slice(1)}`, limit: LIMIT }).close()
  })

  it('is not changed up to its limit', async () => {
    const output = open()
    writeSync(output.fd, Buffer.alloc(LIMIT, 'x'))
    await output.check()
    expect(readFileSync(output.path)).to.deep.equal(Buffer.alloc(LIMIT, 'x'))
    output.close()
  })

  for (const excess of [1, 50, LIMIT, 100 * LIMIT]) {
    it(`keeps its head and tail when it is ${excess} bytes too long, and states exactly how much is missing`, async () => {
      const output = open()
      const all = bytes(LIMIT + excess)
      appendFileSync(output.fd, all)
      await output.check()
      expectCut(readFileSync(output.path), all)
      output.close()
    })
  }

  it('is cut repeatedly while it grows', async () => {
    const output = open()
    const all = bytes(20 * LIMIT)
    for (let at = 0; at < all.length; at += 1500) {
      appendFileSync(output.fd, all.subarray(at, at + 1500))
      await output.check()
      expect(statSync(output.path).size).to.be.at.most(LIMIT)
    }
    expectCut(readFileSync(output.path), all)
    output.close()
  })

  it('keeps every byte of binary output (F27)', async () => {
    const lab = runLab()
    const octal = Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
    const handle = lab.start(`printf '${octal}'`)
    await handle.outcome
    expect(lab.log(handle.token)).to.deep.equal(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)))
  })

  it('of a gigabyte uses neither disk nor memory (F27) @slow', async function () {
    this.timeout(120_000)
    const lab = runLab()
    const limit = 1024 * 1024
    let most = 0
    const before = process.memoryUsage.rss()
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss() - before)
    }, 20)
    const [written, go] = ['written', 'go'].map((name) => path.join(lab.folder, name)) as [string, string]
    // Bytes written between the last check of a cut and its end are lost: the last word waits until no cut is due.
    const wait = `touch ${written}; until [ -e ${go} ]; do sleep 0.05; done`
    const command = `echo first; yes 0123456789 | head -c 1073741824; ${wait}; echo last`
    const handle = lab.start(command, { log_limit: limit })
    const is_cut = () => existsSync(written) && statSync(logPath(lab.store_folder, handle.token)).size <= limit
    await waitFor(is_cut, { within: 60_000, what: 'all of it is cut' })
    writeFileSync(go, '')
    expect((await handle.outcome).outcome).to.deep.equal({ kind: 'exit', exit_code: 0 })
    clearInterval(watch)
    const log = lab.log(handle.token)
    expect(log.length).to.be.within(limit - 1, limit)
    expect(log.toString())
      .to.match(/^first\n/)
      .and.match(/last\n$/)
    const kept = log.length - (MARKER.exec(log.toString())?.[0].length ?? 0)
    const total = 'first\n'.length + 1024 ** 3 + 'last\n'.length
    // A worker that is delayed at that moment loses more, and does not notice.
    expect(Number(MARKER.exec(log.toString())?.[1])).to.be.within((total - kept) / 2, total - kept)
    expect(most).to.be.below(60 * 1024 * 1024)
  })
})

/** Bytes of all values, each neighbourhood unique. */
function bytes(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + (i >> 16)) & 0xff))
}

function expectCut(log: Buffer, all: Buffer): void {
  const marker = MARKER.exec(log.toString('latin1'))
  expect(marker, 'a marker').to.not.equal(null)
  const [text = '', count] = marker ?? []
  const head = log.subarray(0, marker?.index)
  const tail = log.subarray((marker?.index ?? 0) + text.length)
  expect(log.length).to.equal(LIMIT)
  expect(head.equals(all.subarray(0, head.length)), 'the head').to.equal(true)
  expect(tail.equals(all.subarray(all.length - tail.length)), 'the tail').to.equal(true)
  expect(Number(count)).to.equal(all.length - head.length - tail.length)
  expect(head.length).to.equal(LIMIT / 2)
}
