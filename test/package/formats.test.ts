import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { Elf, text } from '../../build/package/elf.ts'
import { executableName, TARGETS, type Target } from '../../build/package/targets.ts'
import { skip } from '../helpers/skip.ts'
import { executable, isBuilt } from './executables.ts'
import { segmentsOf, signatureOf } from './mach-o.ts'

// What can be known of executables for other systems without running them.

const MB = 1e6
/** What a Linux with the C library of GNU has, however small it is: that library's parts, and those of the compiler. */
const EVERYWHERE = /^(ld-linux-[\w-]+|lib(c|dl|m|pthread|gcc_s|stdc\+\+))\.so\.\d$/
const CPU: Record<string, number> = { x64: 0x01000007, arm64: 0x0100000c }
const ELF_MACHINE: Record<string, number> = { x64: 62, arm64: 183 }

describe('the executable for', function () {
  this.timeout(900_000)

  for (const target of TARGETS) {
    describe(target.name, () => {
      let file: string

      before(function () {
        if (!isBuilt(target)) skip(this, 'not built')
        file = executable(target)
      })

      it('is of the right format, and holds the program', () => {
        const content = readFileSync(file)
        const check = { linux: elf, macos: machO, win: portableExecutable }[target.platform]
        check(content, target, file)
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

  it('all systems is listed, with its sum and all that is in it', function () {
    const folder = path.dirname(executable(TARGETS[0] as Target))
    if (!existsSync(path.join(folder, 'SHA256SUMS'))) skip(this, 'archives were not built')
    const listed = new Map(
      readFileSync(path.join(folder, 'SHA256SUMS'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => [line.slice(66), line.slice(0, 64)]),
    )
    const bill = 'queuectl.cdx.json'
    for (const name of [...TARGETS.filter(isBuilt).map(executableName), bill]) {
      const sum = createHash('sha256')
        .update(readFileSync(path.join(folder, name)))
        .digest('hex')
      expect(listed.get(name), name).to.equal(sum)
    }
    const { bomFormat, metadata, components } = JSON.parse(readFileSync(path.join(folder, bill), 'utf8'))
    expect({ bomFormat, name: metadata.component.name }).to.deep.equal({ bomFormat: 'CycloneDX', name: 'queuectl' })
    const names = components.map(({ name }: { name: string }) => name)
    const nodes = TARGETS.filter(isBuilt).map(({ node_package }) => node_package)
    expect(names).to.include.members(['commander', 'mongoose', 'mongodb', 'bson', 'pidusage', 'tree-kill', ...nodes])
    expect(names).to.not.include('mocha')
  })

  it('another system than it is named after is not there', () => {
    const magics = TARGETS.filter(isBuilt).map((target) => [target.platform, magicOf(executable(target))])
    const expected: Record<string, string> = { linux: '7f454c46', macos: 'cffaedfe', win: '4d5a' }
    for (const [platform = '', magic] of magics) expect(magic).to.match(new RegExp(`^${expected[platform]}`))
  })
})

function elf(content: Buffer, { arch }: Target, file: string): void {
  expect(content.readUInt16LE(18)).to.equal(ELF_MACHINE[arch])
  expect(librariesOf(file).filter((name) => !EVERYWHERE.test(name))).to.deep.equal([])
}

/** Names of the libraries that are loaded with a program for Linux. */
function librariesOf(file: string): string[] {
  const elf = new Elf(file)
  const names = elf.content(elf.section('.dynstr'))
  const needed = elf.entries('.dynamic').filter((entry) => entry.readBigUInt64LE() === 1n)
  return needed.map((entry) => text(names, Number(entry.readBigUInt64LE(8))))
}

function machO(content: Buffer, target: Target): void {
  expect(content.readUInt32LE(4)).to.equal(CPU[target.arch])
  expect(segmentsOf(content)).to.include('NODE_SEA')
  expect(signatureOf(content)).to.deep.equal({ holds: true, ad_hoc: true })
}

function portableExecutable(content: Buffer): void {
  const header = content.readUInt32LE(0x3c)
  expect(content.toString('latin1', header, header + 4)).to.equal('PE\0\0')
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
