import { writeFileSync } from 'node:fs'
import { Elf, number, SECTION, text } from './elf.ts'
import type { Target } from './targets.ts'

// Node for Linux needs libatomic, which a fresh Debian, Ubuntu or Red Hat does not have, for one function: a compare
// and exchange of 8 bytes in V8. They are aligned to 8, but its compiler could assume only 4. The function is added to
// the file instead.

const LIBRARY = 'libatomic.so.1'
const FUNCTION = '__atomic_compare_exchange'
const SYMBOL = { name: 0 }
const RELOCATION = { address: 0, info: 8 }
const NEEDED = 1n
const VERSIONS_NEEDED = 0x6ffffffen
const VERSIONS_NEEDED_COUNT = 0x6fffffffn
/** An entry of .gnu.version_r: number of versions, library, position of the next entry. */
const VERSION = { count: 2, library: 4, first: 8, next: 12 }
const VERSION_NAME = { number: 6, next: 12 }
const ANY_VERSION = 1

/**
 * bool __atomic_compare_exchange(size_t size, void *object, void *expected, void *desired, int, int), for a size of 8;
 * any other size ends the program. It always uses the strictest memory order.
 */
const CODE: Record<Target['arch'], string[]> = {
  x64: [
    'f30f1efa', // endbr64
    '4883ff08', // cmp $8, %rdi
    '7515', // jne trap
    '488b02', // mov (%rdx), %rax
    '488b09', // mov (%rcx), %rcx
    'f0480fb10e', // lock cmpxchg %rcx, (%rsi)
    '488902', // mov %rax, (%rdx)
    '0f94c0', // sete %al
    '0fb6c0', // movzbl %al, %eax
    'c3', // ret
    '0f0b', // trap: ud2
  ],
  arm64: [
    '5f2403d5', // bti c
    '1f2000f1', // cmp x0, #8
    '61010054', // b.ne trap
    '440040f9', // ldr x4, [x2]
    '630040f9', // ldr x3, [x3]
    '25fc5fc8', // again: ldaxr x5, [x1]
    'bf0004eb', // cmp x5, x4
    '61000054', // b.ne other
    '23fc06c8', // stlxr w6, x3, [x1]
    '86ffff35', // cbnz w6, again
    '450000f9', // other: str x5, [x2]
    'e0179f1a', // cset w0, eq
    'c0035fd6', // ret
    '200020d4', // trap: brk #1
  ],
}

/** Removes the dependency on libatomic from a Node for Linux. Throws when it uses anything but that function. */
export function withoutLibatomic(binary: string, { arch }: Target): void {
  const elf = new Elf(binary)
  const names = elf.content(elf.section('.dynstr'))
  const version_numbers = forgetVersions(elf, names)
  const symbols = elf.entries('.dynsym')
  const versions = elf.entries('.gnu.version')
  const used = symbols.flatMap((symbol, i) => {
    const of_library = version_numbers.includes((versions[i]?.readUInt16LE() ?? 0) & 0x7fff)
    return of_library ? [{ index: i, name: text(names, symbol.readUInt32LE(SYMBOL.name)) }] : []
  })
  const [symbol] = used
  if (symbol?.name !== FUNCTION || used.length > 1) {
    throw new Error(`${binary} needs ${used.map(({ name }) => name).join(', ') || 'nothing'} of ${LIBRARY}`)
  }
  versions[symbol.index]?.writeUInt16LE(ANY_VERSION)
  bind(elf, symbol.index, elf.addCode(Buffer.from(CODE[arch].join(''), 'hex')))
  forgetLibrary(elf, names)
  writeFileSync(binary, elf.bytes)
}

/** Makes calls of the symbol reach `address`: its slot contains it from the start, and no relocation fills it in. */
function bind(elf: Elf, symbol: number, address: number): void {
  const relocations = [...elf.entries('.rela.plt'), ...elf.entries('.rela.dyn')]
  const own = relocations.filter((one) => Number(one.readBigUInt64LE(RELOCATION.info) >> 32n) === symbol)
  if (own.length !== 1) throw new Error(`${own.length} places call ${FUNCTION}`)
  for (const relocation of own) {
    elf.at(number(relocation, RELOCATION.address), 8).writeBigUInt64LE(BigInt(address))
    // A relocation of no type.
    relocation.writeBigUInt64LE(0n, RELOCATION.info)
  }
}

/** Removes the library from the list of checked versions; returns the numbers of these versions. */
function forgetVersions(elf: Elf, names: Buffer): number[] {
  const header = elf.section('.gnu.version_r')
  const list = elf.content(header)
  const pointer = dynamicEntry(elf, VERSIONS_NEEDED)
  const count = dynamicEntry(elf, VERSIONS_NEEDED_COUNT)
  let before: number | null = null
  for (let at = 0; ; ) {
    const next = list.readUInt32LE(at + VERSION.next)
    if (text(names, list.readUInt32LE(at + VERSION.library)) === LIBRARY) {
      if (before !== null) list.writeUInt32LE(next === 0 ? 0 : at - before + next, before + VERSION.next)
      else {
        for (const field of [SECTION.address, SECTION.offset]) add(header, field, next)
        add(header, SECTION.size, -next)
        add(pointer, 8, next)
      }
      add(count, 8, -1)
      header.writeUInt32LE(header.readUInt32LE(SECTION.info) - 1, SECTION.info)
      return versionNumbers(list, at)
    }
    if (next === 0) throw new Error(`the ELF file has no versions of ${LIBRARY}`)
    before = at
    at += next
  }
}

function versionNumbers(list: Buffer, at: number): number[] {
  let name = at + list.readUInt32LE(at + VERSION.first)
  return Array.from({ length: list.readUInt16LE(at + VERSION.count) }, () => {
    const number = list.readUInt16LE(name + VERSION_NAME.number)
    name += list.readUInt32LE(name + VERSION_NAME.next)
    return number
  })
}

/** Removes the library from those that are loaded: the entries after it move up. */
function forgetLibrary(elf: Elf, names: Buffer): void {
  const entries = elf.entries('.dynamic')
  const at = entries.findIndex(
    (entry) => entry.readBigUInt64LE() === NEEDED && text(names, number(entry, 8)) === LIBRARY,
  )
  if (at < 0) throw new Error(`the ELF file does not load ${LIBRARY}`)
  const content = elf.content(elf.section('.dynamic'))
  const size = content.length / entries.length
  content.copyWithin(at * size, (at + 1) * size)
}

function add(buffer: Buffer, at: number, value: number): void {
  buffer.writeBigUInt64LE(buffer.readBigUInt64LE(at) + BigInt(value), at)
}

function dynamicEntry(elf: Elf, tag: bigint): Buffer {
  const entry = elf.entries('.dynamic').find((one) => one.readBigUInt64LE() === tag)
  if (!entry) throw new Error(`the ELF file has no dynamic entry ${tag.toString(16)}`)
  return entry
}
