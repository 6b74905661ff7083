import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openStore } from '../../../src/store/open.ts'
import { newJob } from '../../contract/kit.ts'
import { integrity } from '../../helpers/integrity.ts'
import { skip } from '../../helpers/skip.ts'
import { tempFolder } from '../../helpers/temp.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const open = (address: string) => openStore({ address, role: 'command', is_alive: () => false })

describe('a power cut (F19)', function () {
  this.timeout(120_000)

  describe('as seen in the system calls', () => {
    before(function () {
      // This requires Linux, strace, and permission to trace.
      if (spawnSync('strace', ['-o', '/dev/null', 'true']).status !== 0) skip(this, 'no strace')
    })

    it('an ID is printed after its job and the file’s name were synced', () => {
      const folder = path.join(tempFolder(), 'new')
      const calls = trace(folder, ['enqueue', '--id', 'once', '--', 'true'])
      const answer = calls.findIndex(({ name, text }) => name === 'write' && text.includes('"once\\n"'))
      expect(answer).to.be.above(0)
      expect(lastIndex(calls, answer, 'fsync', 'queue.db-wal')).to.be.above(
        lastIndex(calls, answer, 'pwrite64', 'queue.db-wal'),
      )
      for (const named of [`${folder}>`, `${path.dirname(folder)}>`])
        expect(lastIndex(calls, answer, 'fsync', named), named).to.be.above(0)
    })

    it('"stopped" is told after the last result was synced', () => {
      const folder = tempFolder()
      spawnSync(process.execPath, [MAIN, 'enqueue', '--', 'true'], { env: { QUEUECTL_HOME: folder }, cwd: folder })
      const calls = trace(folder, ['worker', 'start', '--drain'])
      const result = calls.findIndex(({ text }) => text.includes('  completed'))
      const stopped = calls.findIndex(({ text }) => text.includes('  stopped'))
      expect(result).to.be.above(0)
      const synced = lastIndex(calls, stopped, 'fsync', 'queue.db-wal')
      expect(synced).to.be.above(result)
      expect(synced).to.be.above(lastIndex(calls, stopped, 'pwrite64', 'queue.db-wal'))
    })
  })

  it('cutting the log anywhere: the database is intact, and every job exists whose commit was synced', async () => {
    const file = path.join(tempFolder(), 'queue.db')
    const store = await open(file)
    const synced = new Map<string, number>()
    for (let n = 0; n < 12; n++) {
      const jobs = Array.from({ length: (n % 3) + 1 }, () => newJob())
      await store.insert({ jobs })
      for (const { id } of jobs) synced.set(id, statSync(`${file}-wal`).size)
    }
    const log = readFileSync(`${file}-wal`)
    for (const length of cuts(log.length)) {
      for (const torn of [false, true]) {
        const copy = path.join(tempFolder(), 'queue.db')
        copyFileSync(file, copy)
        const rest = torn ? log.subarray(length).map((byte) => byte ^ 0x5a) : Buffer.alloc(0)
        writeFileSync(`${copy}-wal`, Buffer.concat([log.subarray(0, length), rest]))
        const after = await open(copy)
        for (const [id, size] of synced) {
          if (size <= length) expect(await after.get({ id }), `${id} at ${length}`).to.include({ state: 'pending' })
        }
        await after.close()
        expect(integrity(copy)).to.equal('ok')
      }
    }
    await store.close()
  })
})

interface Call {
  name: string
  text: string
}

/** The writing and syncing system calls of the program and its workers; descriptors are named. */
function trace(home: string, args: readonly string[]): Call[] {
  const output = path.join(tempFolder(), 'calls')
  const options = [
    '-f',
    '-y',
    '-s',
    '200',
    '-e',
    'trace=fsync,fdatasync,pwrite64,write',
    '-e',
    'signal=none',
    '-o',
    output,
  ]
  const { status, stderr } = spawnSync('strace', [...options, process.execPath, MAIN, ...args], {
    env: { PATH: process.env.PATH, QUEUECTL_HOME: home },
    cwd: path.dirname(home),
    encoding: 'utf8',
  })
  expect(status, stderr).to.equal(0)
  return readFileSync(output, 'utf8')
    .split('\n')
    .flatMap((text) => {
      const name = /^\d+ +(\w+)\(/.exec(text)?.[1]
      return name === undefined ? [] : { name: name.replace('fdatasync', 'fsync'), text }
    })
}

/** The last call of that name before `end`, on a descriptor whose path ends with the given text. */
function lastIndex(calls: readonly Call[], end: number, name: string, suffix: string): number {
  return calls.slice(0, end).findLastIndex((call) => call.name === name && call.text.split(', ')[0]?.includes(suffix))
}

/** About thirty lengths from nothing to all of it, odd ones and those of whole pages. */
function cuts(length: number): number[] {
  const step = Math.ceil(length / 28)
  return [0, 1, 31, 32, ...Array.from({ length: 27 }, (_, n) => (n + 1) * step - (n % 3) * 7), length]
}
