import { writeFileSync } from 'node:fs'
import { Elf, number, PROGRAM, SECTION, SECTION_COUNT, SECTION_NAMES, SECTIONS_AT } from './elf.ts'

const LOADED = 2n

/**
 * Removes what is never loaded from a Node for Linux: symbols and debugging data, a fifth of the file. It uses no
 * system tool: few systems have one for another processor, and no two of them write the same file. Run it before the
 * program is added, since pkg appends that at the end. Throws when the file is not laid out as linkers do, with these
 * sections at its end.
 */
export function strip(binary: string): void {
  const elf = new Elf(binary)
  const { bytes, sections, programs } = elf
  const loaded = sections.filter((section) => (section.readBigUInt64LE(SECTION.flags) & LOADED) !== 0n)
  // The first one stands for "no section".
  const kept = sections.slice(0, loaded.length + 1)
  if (!loaded.every((section) => kept.includes(section))) throw new Error(`${binary} has loaded sections at its end`)
  const ends = programs.map((program) => number(program, PROGRAM.offset) + number(program, PROGRAM.file_size))
  const end = Math.max(...ends)

  const names = sections[bytes.readUInt16LE(SECTION_NAMES)]
  if (!names) throw new Error(`${binary} has no section names`)
  const content = elf.content(names)
  const moved = Buffer.from(names)
  moved.writeBigUInt64LE(BigInt(end), SECTION.offset)
  const padding = Buffer.alloc(-(end + content.length) & 7)
  const rest = Buffer.from(bytes.subarray(0, end))
  rest.writeBigUInt64LE(BigInt(end + content.length + padding.length), SECTIONS_AT)
  rest.writeUInt16LE(kept.length + 1, SECTION_COUNT)
  rest.writeUInt16LE(kept.length, SECTION_NAMES)
  writeFileSync(binary, Buffer.concat([rest, content, padding, ...kept, moved]))
}
