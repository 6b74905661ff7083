import { closeSync, fstatSync, ftruncateSync, readSync, statSync, writeSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { monotonic } from '../lib/clock.ts'
import { openLog } from '../lib/fs.ts'
import { asyncFiles } from '../lib/lazy.ts'
import { logPath } from './log-path.ts'

const CHUNK = 256 * 1024
/** A job that writes faster than its log can be moved is not chased for longer. */
const CHASE_MS = 20
/** Bytes of the longest character, its first one left out. */
const REST_OF_CHARACTER = 3

/** How much a run has written, and the last of it. */
export interface LogEnd {
  bytes: number
  /** In one piece, from the beginning of a character on. */
  tail: Buffer
}

/** Where a run's output goes: a file that the job itself writes to, so that output survives its worker and costs it no memory. */
export interface Output {
  readonly fd: number
  readonly path: string
  /** Cuts the middle out if the file has outgrown its limit. */
  check(): Promise<void>
  /** At most the last `most` bytes, also after `close`; null when no more than `beyond` were written. */
  end(most: number, beyond: number): Promise<LogEnd | null>
  close(): void
}

/**
 * Opens the log of run `token`. Of its output `limit` bytes are kept, half from the head and half from the tail, with a line in between
 * that says how many bytes are left out. Throws `io` or `configuration` when the log cannot be opened.
 */
export function openOutput({ folder, token, limit }: { folder: string; token: string; limit: number }): Output {
  const path = logPath(folder, token)
  const fd = openLog(path, folder)
  const head = Math.floor(limit / 2)
  const tail = limit - head - MARKER_LENGTH
  let left_out = 0
  /** Bytes that the job itself has thrown away, and those that it had written at the last look without them. */
  let emptied = 0
  let seen = 0
  let turn: Promise<unknown> = Promise.resolve()

  /** One after the other: a look amid a cut would see a log that never was. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  async function cut(): Promise<void> {
    // A descriptor of its own: what is written through one that was opened for appending goes to the end, wherever it is told to go.
    const file = await asyncFiles().open(path, 'r+')
    try {
      const { size } = await file.stat()
      const kept_from = size - tail
      const begin = head + MARKER_LENGTH
      const dropped = kept_from - (left_out === 0 ? head : begin)
      // Once before the move, in case that this worker does not see its end.
      await file.write(markerOf(left_out + dropped), 0, MARKER_LENGTH, head)
      left_out += dropped + (await moveDown(file, kept_from, begin, size))
      await file.write(markerOf(left_out), 0, MARKER_LENGTH, head)
    } finally {
      await file.close()
    }
  }

  /** How many bytes were written, when there are `size` in the log. */
  function written(size: number): number {
    const now = left_out === 0 ? size : size - MARKER_LENGTH + left_out
    if (now >= seen) seen = now
    else {
      // The shell opens /dev/stdout anew for `> /dev/stdout`, and with it the log, which is emptied.
      emptied += seen
      left_out = 0
      seen = size
    }
    return emptied + seen
  }

  return {
    fd,
    path,
    check: () =>
      inTurn(async () => {
        if (fstatSync(fd).size > limit) await cut()
      }),
    end: (most, beyond) =>
      inTurn(async () => {
        const { size } = statSync(path)
        const bytes = written(size)
        if (bytes <= beyond) return null
        const begin = left_out === 0 ? 0 : head + MARKER_LENGTH
        return { bytes, tail: await lastBytes(path, { begin, size, most }) }
      }),
    close: () => closeSync(fd),
  }
}

/**
 * Moves everything behind `from` down to `to` and cuts the file off behind it, while the job may go on appending. `size` is what was there
 * a moment ago and is moved in the background; the rest is moved, and the file cut, in one go, so that next to nothing can be
 * written in between. Returns how many bytes were lost all the same.
 */
async function moveDown(file: FileHandle, from: number, to: number, size: number): Promise<number> {
  const shift = from - to
  const buffer = Buffer.allocUnsafe(CHUNK)
  let at = from
  while (at < size) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK, at)
    if (bytesRead === 0) break
    await file.write(buffer, 0, bytesRead, at - shift)
    at += bytesRead
  }
  const until = monotonic() + CHASE_MS
  for (let read = -1; read !== 0 && monotonic() < until; at += read) {
    read = readSync(file.fd, buffer, 0, CHUNK, at)
    writeSync(file.fd, buffer, 0, read, at - shift)
  }
  const lost = Math.max(0, fstatSync(file.fd).size - at)
  ftruncateSync(file.fd, at - shift)
  return lost
}

/**
 * What an output came to whose worker did not see its end, told from the log at `path` alone, which was opened with that `limit`; null
 * when there is none.
 */
export async function leftTail(path: string, limit: number, most: number): Promise<LogEnd | null> {
  try {
    const { size } = statSync(path)
    if (size === 0) return null
    const head = Math.floor(limit / 2)
    const marker = findMarker(await readRange(path, head, head + MARKER_LENGTH))
    if (marker === null) return { bytes: size, tail: await lastBytes(path, { begin: 0, size, most }) }
    const tail = await lastBytes(path, { begin: head + MARKER_LENGTH, size, most })
    return { bytes: size - MARKER_LENGTH + marker.bytes, tail }
  } catch {
    return null
  }
}

/** At most `most` of the bytes from `begin` to `size`; what is left out ends with a whole character. */
async function lastBytes(path: string, at: { begin: number; size: number; most: number }): Promise<Buffer> {
  const from = Math.max(at.begin, at.size - at.most)
  const bytes = await readRange(path, from, at.size)
  return from === 0 ? bytes : wholeCharacters(bytes)
}

async function readRange(path: string, from: number, to: number): Promise<Buffer> {
  const file = await asyncFiles().open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(to - from), 0, to - from, from)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Without the rest of a character that began before. */
function wholeCharacters(bytes: Buffer): Buffer {
  let at = 0
  while (at < REST_OF_CHARACTER && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++
  return bytes.subarray(at)
}

const BEGIN = '\n[queuectl: '
const FORM = /^\n\[queuectl: (\d+) bytes of output are left out here\] *\n$/

/** Bytes that a marker takes, whatever its number: it is rewritten in place. */
export const MARKER_LENGTH = 72

/** The line that stands in a log for `bytes` bytes cut out of its middle; it begins behind a newline of its own. */
export function markerOf(bytes: number): Buffer {
  return Buffer.from(`${`${BEGIN}${bytes} bytes of output are left out here]`.padEnd(MARKER_LENGTH - 1)}\n`)
}

/** What the first marker in `chunk` says, and where it stands; null when there is none that is whole. */
export function findMarker(chunk: Buffer): { at: number; bytes: number } | null {
  for (let at = chunk.indexOf(BEGIN); at >= 0; at = chunk.indexOf(BEGIN, at + 1)) {
    const bytes = FORM.exec(chunk.toString('latin1', at, at + MARKER_LENGTH))?.[1]
    if (bytes !== undefined) return { at, bytes: Number(bytes) }
  }
  return null
}
