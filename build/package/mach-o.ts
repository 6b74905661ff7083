import { createHash } from 'node:crypto'

// Mach-O, 64 bits, little-endian (loader.h of Apple's xnu), and the big-endian signature at its end (cs_blobs.h).
const MAGIC = 0xfeedfacf
const HEADER_BYTES = 32
const COMMANDS_COUNT = 16
const COMMANDS_SIZE = 20
const SEGMENT = 0x19
const SEGMENT_FIELD = { memory_size: 32, offset: 40, file_size: 48, sections: 64 }
const SEGMENT_BYTES = 72
const SECTION_BYTES = 80
const SECTION_OFFSET = 48
const CODE_SIGNATURE = 0x1d
const SUPER_BLOB = 0xfade0cc0
const CODE_DIRECTORY = 0xfade0c02
const DIRECTORY_BYTES = 88
const VERSION = 0x20400
const AD_HOC = 2
const SHA256 = { type: 2, bytes: 32 }
const MAIN_BINARY = 1n
/** Size of a hashed block, and of a memory page on arm64. */
const PAGE_BITS = 12
const MEMORY_PAGE = 0x4000

/**
 * The executable with an ad-hoc signature; pkg has removed its former one. Without a valid one, an arm64 machine kills
 * it at its start. Such a signature proves that nothing was changed, not who built it; the linkers of LLVM and Go
 * create it too. Throws when the file is not Mach-O, is already signed, or is not laid out as linkers do.
 */
export function signAdHoc(original: Buffer, identifier: string): Buffer {
  const limit = (original.length + 15) & ~15
  const file = Buffer.concat([original], limit)
  if (file.readUInt32LE(0) !== MAGIC) throw new Error('not a 64-bit Mach-O file')
  const commands = loadCommands(file)
  const text = segment(commands, '__TEXT')
  const links = segment(commands, '__LINKEDIT')
  const begin = number(links, SEGMENT_FIELD.offset)
  if (begin + number(links, SEGMENT_FIELD.file_size) !== original.length)
    throw new Error('the Mach-O file has unexpected data at its end')
  const size = signatureBytes(limit, identifier)
  addCommand(file, commands, [CODE_SIGNATURE, 16, limit, size])
  const bytes = limit + size - begin
  links.writeBigUInt64LE(BigInt(bytes), SEGMENT_FIELD.file_size)
  links.writeBigUInt64LE(BigInt(Math.ceil(bytes / MEMORY_PAGE) * MEMORY_PAGE), SEGMENT_FIELD.memory_size)
  return Buffer.concat([file, superBlob(file, identifier, text)], limit + size)
}

/** Adds a load command after the others, if there is room before the first section. */
function addCommand(file: Buffer, commands: ReturnType<typeof loadCommands>, fields: readonly number[]): void {
  const at = HEADER_BYTES + file.readUInt32LE(COMMANDS_SIZE)
  const room = file.subarray(at, at + fields.length * 4)
  if (commands.some(({ type }) => type === CODE_SIGNATURE)) throw new Error('the Mach-O file is already signed')
  if (!room.every((byte) => byte === 0) || at + room.length > firstSection(commands))
    throw new Error('the Mach-O file has no room for a signature command')
  for (const [i, field] of fields.entries()) room.writeUInt32LE(field, i * 4)
  file.writeUInt32LE(commands.length + 1, COMMANDS_COUNT)
  file.writeUInt32LE(at - HEADER_BYTES + room.length, COMMANDS_SIZE)
}

/** File offset of the first section; sections without content take no space in the file. */
function firstSection(commands: ReturnType<typeof loadCommands>): number {
  const places = commands.flatMap(({ type, bytes }) => {
    const count = type === SEGMENT ? bytes.readUInt32LE(SEGMENT_FIELD.sections) : 0
    return Array.from({ length: count }, (_, i) =>
      bytes.readUInt32LE(SEGMENT_BYTES + i * SECTION_BYTES + SECTION_OFFSET),
    )
  })
  return Math.min(...places.filter((place) => place > 0))
}

function loadCommands(file: Buffer): { type: number; bytes: Buffer }[] {
  let at = HEADER_BYTES
  return Array.from({ length: file.readUInt32LE(COMMANDS_COUNT) }, () => {
    const bytes = file.subarray(at, at + file.readUInt32LE(at + 4))
    at += bytes.length
    return { type: bytes.readUInt32LE(0), bytes }
  })
}

function segment(commands: ReturnType<typeof loadCommands>, name: string): Buffer {
  const found = commands.find(
    ({ type, bytes }) => type === SEGMENT && bytes.toString('latin1', 8, 24).startsWith(`${name}\0`),
  )
  if (!found) throw new Error(`the Mach-O file has no ${name}`)
  return found.bytes
}

function signatureBytes(limit: number, identifier: string): number {
  const blob = 20 + DIRECTORY_BYTES + identifier.length + 1 + pagesIn(limit) * SHA256.bytes
  return (blob + 15) & ~15
}

const pagesIn = (limit: number) => Math.ceil(limit / (1 << PAGE_BITS))

/** A blob that contains one other blob: the directory of hashes. */
function superBlob(signed: Buffer, identifier: string, text: Buffer): Buffer {
  const directory = codeDirectory(signed, identifier, text)
  const head = Buffer.alloc(20)
  for (const [i, value] of [SUPER_BLOB, 20 + directory.length, 1, 0, 20].entries()) head.writeUInt32BE(value, i * 4)
  return Buffer.concat([head, directory])
}

function codeDirectory(signed: Buffer, identifier: string, text: Buffer): Buffer {
  const pages = pagesIn(signed.length)
  const hashes_at = DIRECTORY_BYTES + identifier.length + 1
  const directory = Buffer.alloc(hashes_at + pages * SHA256.bytes)
  const numbers = [
    CODE_DIRECTORY,
    directory.length,
    VERSION,
    AD_HOC,
    hashes_at,
    DIRECTORY_BYTES,
    0,
    pages,
    signed.length,
  ]
  for (const [i, value] of numbers.entries()) directory.writeUInt32BE(value, i * 4)
  directory.set([SHA256.bytes, SHA256.type, 0, PAGE_BITS], 36)
  directory.writeBigUInt64BE(text.readBigUInt64LE(SEGMENT_FIELD.offset), 64)
  directory.writeBigUInt64BE(text.readBigUInt64LE(SEGMENT_FIELD.file_size), 72)
  directory.writeBigUInt64BE(MAIN_BINARY, 80)
  directory.write(identifier, DIRECTORY_BYTES)
  for (let page = 0; page < pages; page++) {
    const content = signed.subarray(page << PAGE_BITS, (page + 1) << PAGE_BITS)
    directory.set(createHash('sha256').update(content).digest(), hashes_at + page * SHA256.bytes)
  }
  return directory
}

function number(buffer: Buffer, at: number): number {
  return Number(buffer.readBigUInt64LE(at))
}
