import { type FileHandle, open } from 'node:fs/promises'
import { sleep } from '../lib/clock.ts'
import { findMark, MARK_LENGTH } from './truncation-marker.ts'

const CHUNK = 64 * 1024
/** Last lines are looked for no further back, so that one endless line costs no memory. */
const FURTHEST_BACK = 16 * CHUNK
const LOOK_MS = 100

/**
 * Calls `on_chunk` with the bytes of the log at `path`: all, or the last `tail` lines. Returns the position behind
 * them; 0 when there is no such file.
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
 * Goes on from `from` as the log grows, until `signal` is aborted; then what is there is read to its end. When the middle is cut out of
 * the log meanwhile, reading goes on at the same place of the output, or at the mark if that place is gone.
 */
export async function followLog(
  path: string,
  options: { from: number; signal: AbortSignal; on_chunk: (chunk: Buffer) => void },
): Promise<void> {
  const place: Place = { at: options.from, before: null, mark: null }
  for (let last = false; !last; ) {
    last = options.signal.aborted
    await goOn(path, place, options.on_chunk)
    if (!last) await sleep(LOOK_MS, options.signal)
  }
}

/** The last `count` lines of the log at `path`, decoded; none when there is no such file. */
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

/** The last `count` lines of `bytes`: all, if there are no more. */
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

type Mark = { at: number; bytes: number }

/** How far a follower is. The bytes before `at` tell whether the log is still the one it was, or has been cut since. */
interface Place {
  at: number
  before: Buffer | null
  mark: Mark | null
}

async function goOn(path: string, place: Place, on_chunk: (chunk: Buffer) => void): Promise<void> {
  await using file = await openExisting(path)
  if (file === null) return
  if (place.before === null) place.mark = await markIn(file)
  else if (!place.before.equals(await bytesBefore(file, place.at))) {
    const mark = await markIn(file)
    place.at = mark === null ? (await file.stat()).size : placeAfterCut(place, mark)
    place.mark = mark
    place.before = null
  }
  // As they were read: the log may be cut before they could be read again.
  let read = place.before ?? (await bytesBefore(file, place.at))
  place.at = await pump(file, place.at, (chunk) => {
    read = Buffer.concat([read, chunk]).subarray(-MARK_LENGTH)
    on_chunk(chunk)
  })
  place.before = read
}

/** Where a follower's place is in a log that has been cut and now has this `mark`. */
function placeAfterCut({ at, mark: former }: Place, mark: Mark): number {
  const in_output = former !== null && at >= former.at + MARK_LENGTH ? at - MARK_LENGTH + former.bytes : at
  return in_output <= mark.at ? in_output : Math.max(mark.at, in_output - mark.bytes + MARK_LENGTH)
}

async function bytesBefore(file: FileHandle, at: number): Promise<Buffer> {
  const length = Math.min(at, MARK_LENGTH)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at - length)
  return buffer.subarray(0, bytesRead)
}

/** The mark of a log whose middle was cut out. */
async function markIn(file: FileHandle): Promise<Mark | null> {
  const buffer = Buffer.alloc(CHUNK)
  // Steps overlap by a mark, which may lie across their border.
  for (let start = 0; ; start += CHUNK - MARK_LENGTH) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK, start)
    const mark = findMark(buffer.subarray(0, bytesRead))
    if (mark !== null) return { at: start + mark.at, bytes: mark.bytes }
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
