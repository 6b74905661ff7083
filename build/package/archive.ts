import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { crc32, deflateRawSync } from 'node:zlib'

// Archives with identical bytes on every machine and at any time: one time for all entries, no users, a fixed order.

/** A file in an archive. */
export interface Entry {
  name: string
  file: string
  executable: boolean
}

/**
 * Writes `output`, a tar of the entries compressed by xz; `time` in seconds since 1970, `level` of xz from 0 to 9.
 * Throws without xz.
 */
export function tarXz(output: string, entries: readonly Entry[], time: number, level = 6): void {
  const parts = entries.flatMap(({ name, file, executable }) => {
    const content = readFileSync(file)
    const mode = executable ? 0o755 : 0o644
    return [tarHeader(name, content.length, mode, time), content, Buffer.alloc(-content.length & 511)]
  })
  const input = Buffer.concat([...parts, Buffer.alloc(1024)])
  // In blocks, so that several processors work on them; their size is fixed, so that it does not depend on the number
  // of processors.
  const args = ['--compress', '--stdout', `-${level}`, '--threads=0', '--block-size=64MiB']
  const { stdout, status, error } = spawnSync('xz', args, {
    input,
    maxBuffer: 2 ** 30,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`xz failed to create an archive: ${error?.message ?? `exit code ${status}`}`)
  writeFileSync(output, stdout)
}

/** Writes `output`, a zip of the entries. */
export function zip(output: string, entries: readonly Entry[], time: number): void {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, file } of entries) {
    const content = readFileSync(file)
    const packed = deflateRawSync(content, { level: 9 })
    const common = zipFields(content, packed.length, name, time)
    const local = Buffer.concat([numbers([4, 0x04034b50]), common, Buffer.from(name), packed])
    directory.push(
      numbers([4, 0x02014b50], [2, 20]),
      common,
      numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]),
      Buffer.from(name),
    )
    locals.push(local)
    offset += local.length
  }
  const index = Buffer.concat(directory)
  const count = entries.length
  const end = numbers([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, index.length], [4, offset], [2, 0])
  writeFileSync(output, Buffer.concat([...locals, index, end]))
}

/** A header of the ustar format (POSIX.1-1988). */
function tarHeader(name: string, size: number, mode: number, time: number): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, at: number, length: number) =>
    header.write(value.toString(8).padStart(length - 1, '0'), at)
  header.write(name, 0, 100)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(time, 136, 12)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  )
  return header
}

/**
 * The fields shared by a file's own header and the directory, from the required version to the length of extra fields.
 */
function zipFields(content: Buffer, packed_size: number, name: string, time: number): Buffer {
  const at = new Date(time * 1000)
  const clock = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  const day = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  const sizes: [number, number][] = [
    [4, crc32(content)],
    [4, packed_size],
    [4, content.length],
  ]
  return numbers([2, 20], [2, 0], [2, 8], [2, clock], [2, day], ...sizes, [2, Buffer.byteLength(name)], [2, 0])
}

/** Little-endian numbers, each with its width in bytes. */
function numbers(...fields: [width: number, value: number][]): Buffer {
  const buffer = Buffer.alloc(fields.reduce((sum, [width]) => sum + width, 0))
  let at = 0
  for (const [width, value] of fields) at = buffer.writeUIntLE(value, at, width)
  return buffer
}
