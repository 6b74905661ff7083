import { appendFileSync, rmSync, truncateSync } from 'node:fs'
import { expect } from 'chai'
import { newToken } from '../../src/domain/ids.ts'
import { leftTail, openOutput } from '../../src/logs/log-file.ts'
import { runLab } from '../helpers/runs.ts'
import { tempFolder } from '../helpers/temp.ts'

const LIMIT = 4096

describe('the end of an output @posix', () => {
  const folder = tempFolder()
  const opened: { close(): void }[] = []
  const open = () => {
    const output = openOutput({ folder, token: newToken(), limit: LIMIT })
    opened.push(output)
    return output
  }
  afterEach(() => {
    for (const output of opened.splice(0)) output.close()
  })

  it('is its last bytes, with the number of all bytes', async () => {
    const output = open()
    expect(await output.end(10, 0)).to.equal(null)
    appendFileSync(output.fd, 'short')
    expect(await output.end(10, 0)).to.deep.equal({ bytes: 5, tail: Buffer.from('short') })
    appendFileSync(output.fd, ' and not so short')
    expect(await output.end(10, 5)).to.deep.equal({ bytes: 22, tail: Buffer.from(' not so short').subarray(-10) })
    expect(await output.end(10, 22)).to.equal(null)
  })

  it('begins with a whole character, and keeps other bytes unchanged', async () => {
    const output = open()
    appendFileSync(output.fd, 'aü€😀z')
    const tails = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((most) => output.end(most, 0)))
    const expected = ['z', 'z', 'z', 'z', '😀z', '😀z', '😀z', '€😀z', '€😀z', 'ü€😀z', 'aü€😀z']
    expect(tails.map((end) => end?.tail.toString())).to.deep.equal(expected)
    const binary = open()
    appendFileSync(binary.fd, Buffer.alloc(100, 0x80))
    expect((await binary.end(50, 0))?.tail).to.deep.equal(Buffer.alloc(47, 0x80))
    expect((await binary.end(200, 0))?.tail).to.deep.equal(Buffer.alloc(100, 0x80))
  })

  it('is consecutive, and counts every byte, while the middle is cut out repeatedly', async () => {
    const output = open()
    const all = Buffer.from(Array.from({ length: 3_000 }, (_, i) => `line ${i}\n`).join(''))
    for (let at = 0; at < all.length; at += 1_500) {
      appendFileSync(output.fd, all.subarray(at, at + 1_500))
      // Both at once, as by two independent callers.
      const [, end] = await Promise.all([output.check(), output.end(LIMIT, 0)])
      const written = Math.min(all.length, at + 1_500)
      const tail = end?.tail ?? Buffer.alloc(0)
      expect(end?.bytes).to.equal(written)
      expect(tail.equals(all.subarray(written - tail.length, written)), `the tail at ${written}`).to.equal(true)
      expect(tail.length).to.be.at.least(Math.min(written, LIMIT / 2 - 1_500))
    }
  })

  it('continues to count when the job truncates its log', async () => {
    const output = open()
    appendFileSync(output.fd, 'x'.repeat(LIMIT + 100))
    await output.check()
    expect((await output.end(9, 0))?.bytes).to.equal(LIMIT + 100)
    truncateSync(output.path)
    appendFileSync(output.fd, 'anew')
    expect(await output.end(9, LIMIT + 100)).to.deep.equal({ bytes: LIMIT + 104, tail: Buffer.from('anew') })
    appendFileSync(output.fd, ' on')
    expect(await output.end(9, 0)).to.deep.equal({ bytes: LIMIT + 107, tail: Buffer.from('anew on') })
  })

  it('is read from the log alone when its worker did not see it', async () => {
    const output = open()
    expect(await leftTail(output.path, LIMIT, 10)).to.equal(null)
    appendFileSync(output.fd, 'first words')
    expect(await leftTail(output.path, LIMIT, 5)).to.deep.equal({ bytes: 11, tail: Buffer.from('words') })
    appendFileSync(output.fd, 'x'.repeat(3 * LIMIT))
    await output.check()
    appendFileSync(output.fd, 'last words')
    expect(await leftTail(output.path, LIMIT, 5)).to.deep.equal(await output.end(5, 0))
    expect(await leftTail(output.path, LIMIT, LIMIT)).to.deep.equal(await output.end(LIMIT, 0))
    expect(await leftTail(`${output.path}x`, LIMIT, 5)).to.equal(null)
  })

  it('is available after the run has ended, and null when its log is gone', async () => {
    const lab = runLab()
    let asked: Promise<unknown> | null = null
    const watch_output = (output: ReturnType<typeof open>) => async () => {
      asked = output.end(9, 0)
      await asked
      rmSync(output.path)
      const error = await output.end(9, 0).catch((reason) => reason)
      expect(error.code).to.equal('ENOENT')
    }
    await lab.run('echo last words', { watch_output })
    expect(await asked).to.deep.equal({ bytes: 11, tail: Buffer.from('st words\n') })
  })
})
