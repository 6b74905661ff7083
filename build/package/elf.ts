import { readFileSync } from 'node:fs'

// ELF for 64 bits, little-endian (System V ABI, chapters 4 and 5): offsets of the fields in use.
const HEADER = { programs: 0x20, sections: 0x28, program_size: 0x36, program_count: 0x38, section_size: 0x3a }
export const SECTION_COUNT = 0x3c
export const SECTION_NAMES = 0x3e
export const SECTIONS_AT = HEADER.sections
export const SECTION = {
  name: 0x00,
  type: 0x04,
  flags: 0x08,
  address: 0x10,
  offset: 0x18,
  size: 0x20,
  info: 0x2c,
  entry_size: 0x38,
}
export const PROGRAM = { type: 0x00, flags: 0x04, offset: 0x08, address: 0x10, file_size: 0x20, memory_size: 0x28 }
const NO_BITS = 8
const LOAD = 1
const EXECUTABLE = 1

/** A Linux executable in memory. Its methods return parts of `bytes`: writing to them changes the executable. */
export class Elf {
  readonly bytes: Buffer
  readonly sections: readonly Buffer[]
  readonly programs: readonly Buffer[]

  /** Throws unless the file is a 64-bit little-endian one. */
  constructor(file: string) {
    this.bytes = readFileSync(file)
    const is_elf = this.bytes.readUInt32BE(0) === 0x7f454c46 && this.bytes.readUInt16BE(4) === 0x0201
    if (!is_elf) throw new Error(`${file} is not a 64-bit ELF file`)
    this.sections = this.#table(HEADER.sections, HEADER.section_size, SECTION_COUNT)
    this.programs = this.#table(HEADER.programs, HEADER.program_size, HEADER.program_count)
  }

  /** The entries of the section with that name. Throws when it does not exist. */
  entries(name: string): Buffer[] {
    const header = this.section(name)
    const size = number(header, SECTION.entry_size)
    const content = this.content(header)
    return Array.from({ length: content.length / size }, (_, i) => content.subarray(i * size, (i + 1) * size))
  }

  /** Header of the section with that name. Throws when it does not exist. */
  section(name: string): Buffer {
    const names = this.sections[this.bytes.readUInt16LE(SECTION_NAMES)]
    const found =
      names && this.sections.find((one) => text(this.content(names), one.readUInt32LE(SECTION.name)) === name)
    if (!found) throw new Error(`the ELF file has no section ${name}`)
    return found
  }

  /** The content of a section. */
  content(header: Buffer): Buffer {
    if (header.readUInt32LE(SECTION.type) === NO_BITS) return Buffer.alloc(0)
    const at = number(header, SECTION.offset)
    return this.bytes.subarray(at, at + number(header, SECTION.size))
  }

  /** The bytes at an address of the loaded program. */
  at(address: number, length: number): Buffer {
    const program = this.programs.find((one) => {
      const from = number(one, PROGRAM.address)
      return (
        one.readUInt32LE(0) === LOAD && address >= from && address + length <= from + number(one, PROGRAM.file_size)
      )
    })
    if (!program) throw new Error(`nothing is loaded at address ${address}`)
    const offset = number(program, PROGRAM.offset) + address - number(program, PROGRAM.address)
    return this.bytes.subarray(offset, offset + length)
  }

  /**
   * Adds code in the rest of the last code page, which linkers leave empty, and returns its address. Throws when it is
   * not empty.
   */
  addCode(code: Buffer): number {
    const program = this.programs.find(
      (one) => one.readUInt32LE(0) === LOAD && one.readUInt32LE(PROGRAM.flags) & EXECUTABLE,
    )
    if (!program) throw new Error('the ELF file has no code')
    const size = (number(program, PROGRAM.file_size) + 15) & ~15
    const room = this.bytes.subarray(
      number(program, PROGRAM.offset) + size,
      number(program, PROGRAM.offset) + size + code.length,
    )
    const begins = this.programs.map((one) => number(one, PROGRAM.offset))
    const ends_at = number(program, PROGRAM.offset) + size + code.length
    const is_free =
      room.every((byte) => byte === 0) && !begins.some((at) => at > number(program, PROGRAM.offset) && at < ends_at)
    if (!is_free) throw new Error('the ELF file has no room for code')
    room.set(code)
    for (const field of [PROGRAM.file_size, PROGRAM.memory_size])
      program.writeBigUInt64LE(BigInt(size + code.length), field)
    return number(program, PROGRAM.address) + size
  }

  #table(at: number, size_at: number, count_at: number): Buffer[] {
    const [start, size] = [number(this.bytes, at), this.bytes.readUInt16LE(size_at)]
    return Array.from({ length: this.bytes.readUInt16LE(count_at) }, (_, i) =>
      this.bytes.subarray(start + i * size, start + (i + 1) * size),
    )
  }
}

/** A 64-bit number that is small enough for JavaScript. */
export function number(buffer: Buffer, at: number): number {
  return Number(buffer.readBigUInt64LE(at))
}

/** The string that begins at `at` in a string table. */
export function text(strings: Buffer, at: number): string {
  return strings.toString('latin1', at, strings.indexOf(0, at))
}
