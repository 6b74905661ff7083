import { appendFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { newToken } from '../../src/domain/ids.ts'
import { markerOf, openOutput } from '../../src/logs/log-file.ts'
import { followLog, lastLines, readLog } from '../../src/logs/log-reader.ts'
import { tempFolder } from '../helpers/temp.ts'
import { waitFor } from '../helpers/wait-for.ts'

const LIMIT = 4096

describe('reading a log @posix', () => {
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

  it('finds nothing without a file', async () => {
    expect(await read()).to.deep.equal({ text: '', end: 0 })
    expect(await lastLines(file, 5)).to.deep.equal([])
  })

  it('returns all of it, and the position of its end', async () => {
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
    it(`returns the last ${tail} lines of ${JSON.stringify(text)}`, async () => {
      write(text)
      expect((await read({ tail })).text).to.equal(expected)
    })
  }

  it('finds last lines that are far apart', async () => {
    const long = 'x'.repeat(150_000)
    write(`no\n${long}\nend\n`)
    expect((await read({ tail: 2 })).text).to.equal(`${long}\nend\n`)
    expect(await lastLines(file, 1)).to.deep.equal(['end'])
  })

  it('decodes last lines, including invalid text', async () => {
    write(Buffer.from('fine\nnaïve \xff\r\n', 'latin1'))
    expect(await lastLines(file, 5)).to.deep.equal(['fine', 'na\ufffdve \ufffd'])
  })

  it('uses at most a megabyte of memory for one endless line (F27)', async () => {
    write(Buffer.alloc(3 * 1024 ** 2, 'x'))
    expect((await read({ tail: 1 })).end - (await read({ tail: 1 })).text.length).to.equal(2 * 1024 ** 2)
  })
})

describe('following a log @posix', function () {
  this.timeout(60_000)
  const stops: (() => Promise<void>)[] = []
  afterEach(() => Promise.all(stops.splice(0).map((stop) => stop())))

  it('returns what is appended, from before the file exists to the end', async () => {
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

  it('continues at the same place of the output when the middle is cut out', async () => {
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
    // The follower kept pace, so it has seen every line once, however often the log was cut meanwhile.
    expect(text()).to.equal(all.join(''))
  })

  it('continues there even if the cut comes right after the bytes that were read', async () => {
    const file = path.join(tempFolder(), 'log')
    const middle = 'middle'.repeat(100)
    writeFileSync(file, `head${middle}tail`)
    let cut = false
    const { stop, text } = follow(file, () => {
      if (!cut) writeFileSync(file, `head${markerOf(middle.length)}tail, and more`)
      cut = true
    })
    await waitFor(() => text().endsWith('more'), { within: 10_000, what: 'the text written after it' })
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

/** Bytes of all values, each neighbourhood unique. */
function bytes(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + (i >> 16)) & 0xff))
}
