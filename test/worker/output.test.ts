import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { newToken } from '../../src/domain/token.ts'
import { logPath } from '../../src/platform/files.ts'
import { followLog, lastLines, readLog } from '../../src/worker/log-reader.ts'
import { markOf } from '../../src/worker/mark.ts'
import { openOutput } from '../../src/worker/output.ts'
import { runLab } from '../helpers/runs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

const LIMIT = 4096
const MARK = /\n\[queuectl: (\d+) bytes of output are left out here\] *\n/

describe('a log', () => {
  const folder = tempFolder()
  const open = (limit = LIMIT) => openOutput({ folder, token: newToken(), limit })

  it('is made for its owner only, whatever the umask (S7)', function () {
    if (process.getuid === undefined) return this.skip()
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

  it('is refused where a link leads elsewhere, be it the file or a folder (S22)', () => {
    const token = newToken()
    const file = logPath(folder, token)
    mkdirSync(path.dirname(file), { recursive: true })
    symlinkSync('/dev/null', file)
    expect(() => openOutput({ folder, token, limit: LIMIT })).to.throw(/cannot open the log/)
    const linked = path.join(folder, 'linked.d')
    symlinkSync(folder, linked)
    expect(() => openOutput({ folder: linked, token: newToken(), limit: LIMIT })).to.throw(/is not a folder/)
  })

  it('is opened again after somebody removed its folder', () => {
    const own = tempFolder()
    openOutput({ folder: own, token: `a${newToken().slice(1)}`, limit: LIMIT }).close()
    rmSync(path.join(own, 'logs'), { recursive: true })
    openOutput({ folder: own, token: `a${newToken().slice(1)}`, limit: LIMIT }).close()
  })

  it('is left alone up to its limit', async () => {
    const output = open()
    writeSync(output.fd, Buffer.alloc(LIMIT, 'x'))
    await output.check()
    expect(readFileSync(output.path)).to.deep.equal(Buffer.alloc(LIMIT, 'x'))
    output.close()
  })

  for (const excess of [1, 50, LIMIT, 100 * LIMIT]) {
    it(`keeps its head and tail when it is ${excess} bytes too long, and says exactly how much is missing`, async () => {
      const output = open()
      const all = bytes(LIMIT + excess)
      appendFileSync(output.fd, all)
      await output.check()
      expectCut(readFileSync(output.path), all)
      output.close()
    })
  }

  it('is cut again and again while it grows', async () => {
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

  it('of a gigabyte costs neither disk nor memory (F27)', async function () {
    this.timeout(120_000)
    const lab = runLab()
    const limit = 1024 * 1024
    let most = 0
    const before = process.memoryUsage.rss()
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss() - before)
    }, 20)
    const [written, go] = ['written', 'go'].map((name) => path.join(lab.folder, name)) as [string, string]
    // What is written between the last look of a cut and its end is lost: the last word waits until nothing is to be cut.
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
    const kept = log.length - (MARK.exec(log.toString())?.[0].length ?? 0)
    const total = 'first\n'.length + 1024 ** 3 + 'last\n'.length
    // A worker that is held up at that moment loses more, and does not know it.
    expect(Number(MARK.exec(log.toString())?.[1])).to.be.within((total - kept) / 2, total - kept)
    expect(most).to.be.below(60 * 1024 * 1024)
  })
})

describe('reading a log', () => {
  const folder = tempFolder()
  const file = path.join(folder, 'log')
  const write = (text: string | Buffer) => {
    appendFileSync(file, '')
    truncateSync(file)
    appendFileSync(file, text)
  }
  const read = async (options?: { tail?: number }) => {
    const chunks: Buffer[] = []
    const end = await readLog(file, (chunk) => chunks.push(chunk), options)
    return { text: Buffer.concat(chunks).toString('latin1'), end }
  }

  it('finds nothing where there is no file', async () => {
    expect(await read()).to.deep.equal({ text: '', end: 0 })
    expect(await lastLines(file, 5)).to.deep.equal([])
  })

  it('gives all of it, and where it ends', async () => {
    write(bytes(200_000))
    const { text, end } = await read()
    expect(end).to.equal(200_000)
    expect(Buffer.from(text, 'latin1').equals(bytes(200_000))).to.equal(true)
  })

  for (const [text, tail, expected] of [
    ['a\nb\nc\n', 2, 'b\nc\n'],
    ['a\nb\nc', 2, 'b\nc'],
    ['a\nb\n\n', 2, 'b\n\n'],
    ['a\n', 5, 'a\n'],
    ['\n', 1, '\n'],
    ['a\nb\n', 0, ''],
    ['', 3, ''],
  ] as const) {
    it(`gives the last ${tail} lines of ${JSON.stringify(text)}`, async () => {
      write(text)
      expect((await read({ tail })).text).to.equal(expected)
    })
  }

  it('finds last lines that lie far apart', async () => {
    const long = 'x'.repeat(150_000)
    write(`no\n${long}\nend\n`)
    expect((await read({ tail: 2 })).text).to.equal(`${long}\nend\n`)
    expect(await lastLines(file, 1)).to.deep.equal(['end'])
  })

  it('decodes last lines, broken text included', async () => {
    write(Buffer.from('fine\nnaïve \xff\r\n', 'latin1'))
    expect(await lastLines(file, 5)).to.deep.equal(['fine', 'na\ufffdve \ufffd'])
  })

  it('takes no more memory for one endless line than a megabyte (F27)', async () => {
    write(Buffer.alloc(3 * 1024 ** 2, 'x'))
    expect((await read({ tail: 1 })).end - (await read({ tail: 1 })).text.length).to.equal(2 * 1024 ** 2)
  })
})

describe('following a log', function () {
  this.timeout(60_000)
  const stops: (() => Promise<void>)[] = []
  afterEach(() => Promise.all(stops.splice(0).map((stop) => stop())))

  it('gives what is appended, from before there is a file to the end', async () => {
    const file = path.join(tempFolder(), 'log')
    const { seen, stop, text } = follow(file)
    appendFileSync(file, 'one\n')
    await waitFor(() => text() === 'one\n', { within: 10_000, what: 'the first line' })
    appendFileSync(file, 'two\n')
    await waitFor(() => text() === 'one\ntwo\n', { within: 10_000, what: 'the second line' })
    appendFileSync(file, 'last\n')
    await stop()
    expect(text()).to.equal('one\ntwo\nlast\n')
    expect(seen.length).to.be.at.least(3)
  })

  it('goes on at the same place of the output when the middle is cut out', async () => {
    const output = openOutput({ folder: tempFolder(), token: newToken(), limit: LIMIT })
    const { stop, text } = follow(output.path)
    const all = Array.from({ length: 3_000 }, (_, i) => `line ${i}\n`)
    for (let i = 0; i < all.length; i += 100) {
      const part = all.slice(i, i + 100).join('')
      writeSync(output.fd, part)
      await waitFor(() => text().endsWith(part), { within: 10_000, what: `line ${i + 99}` })
      await output.check()
    }
    await stop()
    output.close()
    // It kept pace, so it has seen everything, each line once, however often the log was cut meanwhile.
    expect(text()).to.equal(all.join(''))
  })

  it('goes on there also when the cut comes right behind what was read', async () => {
    const file = path.join(tempFolder(), 'log')
    const middle = 'middle'.repeat(100)
    writeFileSync(file, `head${middle}tail`)
    let cut = false
    const { stop, text } = follow(file, () => {
      if (!cut) writeFileSync(file, `head${markOf(middle.length)}tail, and more`)
      cut = true
    })
    await waitFor(() => text().endsWith('more'), { within: 10_000, what: 'what was written behind it' })
    await stop()
    expect(text()).to.equal(`head${middle}tail, and more`)
  })

  function follow(file: string, meanwhile = () => {}) {
    const seen: Buffer[] = []
    const ending = new AbortController()
    const on_chunk = (chunk: Buffer) => {
      seen.push(chunk)
      meanwhile()
    }
    const done = followLog(file, { from: 0, signal: ending.signal, on_chunk })
    const stop = () => {
      ending.abort()
      return done
    }
    stops.push(stop)
    return { seen, stop, text: () => Buffer.concat(seen).toString() }
  }
})

/** Bytes of all values in which no two neighbourhoods are alike. */
function bytes(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + (i >> 16)) & 0xff))
}

function expectCut(log: Buffer, all: Buffer): void {
  const mark = MARK.exec(log.toString('latin1'))
  expect(mark, 'a mark').to.not.equal(null)
  const [text = '', count] = mark ?? []
  const head = log.subarray(0, mark?.index)
  const tail = log.subarray((mark?.index ?? 0) + text.length)
  expect(log.length).to.equal(LIMIT)
  expect(head.equals(all.subarray(0, head.length)), 'the head').to.equal(true)
  expect(tail.equals(all.subarray(all.length - tail.length)), 'the tail').to.equal(true)
  expect(Number(count)).to.equal(all.length - head.length - tail.length)
  expect(head.length).to.equal(LIMIT / 2)
}
