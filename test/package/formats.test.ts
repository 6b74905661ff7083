import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { expect } from 'chai'
import { needsSignature } from '../../build/package/sign.ts'
import { TARGETS, type Target } from '../../build/package/targets.ts'
import { executable, isBuilt } from './executables.ts'

// What can be known of executables for other systems without running them.

const MB = 1e6
const CPU: Record<string, number> = { x64: 0x01000007, arm64: 0x0100000c }
const ELF_MACHINE: Record<string, number> = { x64: 62, arm64: 183 }

describe('the executable for', function () {
  this.timeout(900_000)

  for (const target of TARGETS) {
    describe(target.name, () => {
      let file: string

      before(function () {
        if (!isBuilt(target)) this.skip()
        file = executable(target)
      })

      it('is of the right format, and holds the program', () => {
        const content = readFileSync(file)
        const check = { linux: elf, macos: machO, win: portableExecutable }[target.platform]
        check(content, target)
        // Node looks for a program only where this mark has been set.
        expect(content.includes('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1')).to.equal(true)
        expect(content.includes('A durable job queue for shell commands')).to.equal(true)
        expect(content.includes('__mongooseVersion') || content.includes('mongoose')).to.equal(true)
        expect(content.includes(process.cwd()), 'the folder it was built in').to.equal(false)
      })

      if (target.platform !== 'macos') {
        it('is not larger than it may be', () => {
          expect(statSync(file).size).to.be.below(125 * MB)
        })
      }
    })
  }

  it('another system than it is named after is not there', () => {
    const magics = TARGETS.filter(isBuilt).map((target) => [target.platform, magicOf(executable(target))])
    const expected: Record<string, string> = { linux: '7f454c46', macos: 'cffaedfe', win: '4d5a' }
    for (const [platform = '', magic] of magics) expect(magic).to.match(new RegExp(`^${expected[platform]}`))
  })
})

function elf(content: Buffer, { arch }: Target): void {
  expect(content.readUInt16LE(18)).to.equal(ELF_MACHINE[arch])
}

function machO(content: Buffer, target: Target): void {
  expect(content.readUInt32LE(4)).to.equal(CPU[target.arch])
  const commands = loadCommands(content)
  const segments = commands.filter(({ type }) => type === 0x19).map(({ at }) => text(content, at + 8, 16))
  expect(segments).to.include('NODE_SEA')
  const signature = commands.find(({ type }) => type === 0x1d)
  const flags = signature ? codeDirectoryFlags(content, content.readUInt32LE(signature.at + 8)) : null
  // Signed ad hoc, or still with the signature of Node's makers, which does not hold any more: then the build has said so.
  const AD_HOC = 2
  if (flags !== null && (flags & AD_HOC) === 0 && needsSignature(target)) {
    expect(process.env.CI && process.platform === 'darwin', 'unsigned on a Mac').to.not.equal(true)
  }
}

function loadCommands(content: Buffer): { type: number; at: number }[] {
  const count = content.readUInt32LE(16)
  const found = []
  for (let at = 32, i = 0; i < count; i++, at += content.readUInt32LE(at + 4)) {
    found.push({ type: content.readUInt32LE(at), at })
  }
  return found
}

/** Flags of the first code directory in a signature (big-endian, as all of it). */
function codeDirectoryFlags(content: Buffer, at: number): number {
  const count = content.readUInt32BE(at + 8)
  for (let i = 0; i < count; i++) {
    const blob = at + content.readUInt32BE(at + 16 + i * 8)
    if (content.readUInt32BE(blob) === 0xfade0c02) return content.readUInt32BE(blob + 12)
  }
  throw new Error('a signature without a code directory')
}

function portableExecutable(content: Buffer): void {
  const header = content.readUInt32LE(0x3c)
  expect(text(content, header, 4)).to.equal('PE')
  expect(content.readUInt16LE(header + 4)).to.equal(0x8664)
  const directories = header + 24 + 112
  expect(content.readUInt32LE(directories + 4 * 8), 'a signature that does not hold').to.equal(0)
  const wide = (words: string) => content.includes(Buffer.from(words, 'utf16le'))
  expect(wide('NODE_SEA_BLOB')).to.equal(true)
  expect(wide('A durable job queue for shell commands'), 'the properties of the file').to.equal(true)
  expect(relocationBlocks(content, header)).to.be.above(100)
}

/** Walks the table that Windows needs to load the program at another address; a broken one has ended before its end. */
function relocationBlocks(content: Buffer, header: number): number {
  const sections = header + 24 + content.readUInt16LE(header + 20)
  const entry = header + 24 + 112 + 5 * 8
  const [rva, size] = [content.readUInt32LE(entry), content.readUInt32LE(entry + 4)]
  let count = 0
  for (let i = 0; i < content.readUInt16LE(header + 6); i++) {
    const section = sections + i * 40
    if (content.readUInt32LE(section + 12) !== rva) continue
    const start = content.readUInt32LE(section + 20)
    for (let at = start; at < start + size; count++) {
      const block = content.readUInt32LE(at + 4)
      expect(block).to.be.above(7)
      at += block
    }
  }
  return count
}

function magicOf(file: string): string {
  const fd = openSync(file, 'r')
  const buffer = Buffer.alloc(4)
  readSync(fd, buffer, 0, 4, 0)
  closeSync(fd)
  return buffer.toString('hex')
}

function text(content: Buffer, at: number, length: number): string {
  return content.toString('latin1', at, at + length).replace(/\0.*$/s, '')
}
