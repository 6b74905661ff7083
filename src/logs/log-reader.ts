import { type FileHandle, open } from 'node:fs/promises'
import { sleep } from '../lib/clock.ts'
import { findMarker, MARKER_LENGTH } from './log-file.ts'

const CHUNK = 64 * 1024
/** Farthest distance from the end to search for the last lines, so that one endless line costs no memory. */
const FURTHEST_BACK = 16 * CHUNK
const LOOK_MS = 100

/**
 * Calls `on_chunk` with the bytes of the log at `path`: all, or the last `tail` lines. Returns the position after them;
 * 0 when the file does not exist.
 */
export async function readLog(
  path: string,
  on_chunk: (chunk: Buffer) => void,
  options: { tail?: number } = {},
): Promise<number> {
  await using file = await openExisting(path)
  if (file === null) return 0
  return await pump(file, options.tail === undefined ? 0 : await tailStart(file, options.tail), on_chunk)
}

/**
 * Continues from `from` as the log grows, until `signal` is aborted; then reads the rest of the log. If the middle is
 * cut out of the log meanwhile, reading continues at the same place of the output, or at the marker if that place no
 * longer exists.
 */
export async function followLog(
  path: string,
  options: { from: number; signal: AbortSignal; on_chunk: (chunk: Buffer) => void },
): Promise<void> {
  const cursor: Cursor = { at: options.from, before: null, marker: null }
  for (let last = false; !last; ) {
    last = options.signal.aborted
    await goOn(path, cursor, options.on_chunk)
    if (!last) await sleep(LOOK_MS, options.signal)
  }
}

/** The last `count` lines of the log at `path`, decoded; none when the file does not exist. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  const chunks: Buffer[] = []
  await readLog(path, (chunk) => chunks.push(chunk), { tail: count })
  return decodeLines(Buffer.concat(chunks))
}

/** The lines in `bytes`, decoded. */
export function decodeLines(bytes: Buffer): string[] {
  const text = bytes.toString('utf8').replace(/\r?\n$/, '')
  return text === '' ? [] : text.split(/\r?\n/)
}

/** The last `count` lines of `bytes`, or all if there are fewer. */
export function lastLinesOf(bytes: Buffer, count: number): Buffer {
  let start = bytes.length
  // The newline at the very end belongs to the last line.
  let newline = bytes.length - 1
  for (let left = count; left > 0 && start > 0; left--) {
    newline = newline > 0 ? bytes.lastIndexOf(10, newline - 1) : -1
    start = newline + 1
  }
  return bytes.subarray(start)
}

async function pump(file: FileHandle, from: number, on_chunk: (chunk: Buffer) => void): Promise<number> {
  for (let at = from; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at)
    if (bytesRead === 0) return at
    on_chunk(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}

async function tailStart(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat()
  if (lines <= 0) return size
  const buffer = Buffer.alloc(CHUNK)
  let wanted = lines
  let end = size
  while (end > Math.max(0, size - FURTHEST_BACK)) {
    const start = Math.max(0, end - CHUNK)
    await file.read(buffer, 0, end - start, start)
    for (let at = end - start - 1; at >= 0; at--) {
      // The newline at the very end belongs to the last line.
      if (buffer[at] === 10 && start + at !== size - 1 && --wanted === 0) return start + at + 1
    }
    end = start
  }
  return end
}

type Marker = { at: number; bytes: number }

/** The position of a follower. The bytes before `at` show whether the log is unchanged or was cut since. */
interface Cursor {
  at: number
  before: Buffer | null
  marker: Marker | null
}

async function goOn(path: string, cursor: Cursor, on_chunk: (chunk: Buffer) => void): Promise<void> {
  await using file = await openExisting(path)
  if (file === null) return
  if (cursor.before === null) cursor.marker = await markerIn(file)
  else if (!cursor.before.equals(await bytesBefore(file, cursor.at))) {
    const marker = await markerIn(file)
    cursor.at = marker === null ? (await file.stat()).size : cursorAfterCut(cursor, marker)
    cursor.marker = marker
    cursor.before = null
  }
  // Kept as they were read: the log may be cut before they can be read again.
  let read = cursor.before ?? (await bytesBefore(file, cursor.at))
  cursor.at = await pump(file, cursor.at, (chunk) => {
    read = Buffer.concat([read, chunk]).subarray(-MARKER_LENGTH)
    on_chunk(chunk)
  })
  cursor.before = read
}

/** A follower's cursor in a log that was cut and now has this `marker`. */
function cursorAfterCut({ at, marker: former }: Cursor, marker: Marker): number {
  const in_output = former !== null && at >= former.at + MARKER_LENGTH ? at - MARKER_LENGTH + former.bytes : at
  return in_output <= marker.at ? in_output : Math.max(marker.at, in_output - marker.bytes + MARKER_LENGTH)
}

async function bytesBefore(file: FileHandle, at: number): Promise<Buffer> {
  const length = Math.min(at, MARKER_LENGTH)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at - length)
  return buffer.subarray(0, bytesRead)
}

/** The marker of a log whose middle was cut out. */
async function markerIn(file: FileHandle): Promise<Marker | null> {
  const buffer = Buffer.alloc(CHUNK)
  // Steps overlap by the length of a marker, which may lie across their border.
  for (let start = 0; ; start += CHUNK - MARKER_LENGTH) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK, start)
    const marker = findMarker(buffer.subarray(0, bytesRead))
    if (marker !== null) return { at: start + marker.at, bytes: marker.bytes }
    if (bytesRead < CHUNK) return null
  }
}

async function openExisting(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
