import { closeSync, fstatSync, ftruncateSync, readSync, statSync, writeSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { monotonic } from '../lib/clock.ts'
import { openLog } from '../lib/fs.ts'
import { asyncFiles } from '../lib/lazy.ts'
import { logPath } from './log-path.ts'

const CHUNK = 256 * 1024
/** Moving a log stops after this time if its job writes faster than that. */
const CHASE_MS = 20
/** Bytes of the longest character, without its first one. */
const REST_OF_CHARACTER = 3

/** How much a run has written, and the last part of it. */
export interface LogEnd {
  bytes: number
  /** Consecutive bytes, from the beginning of a character on. */
  tail: Buffer
}

/**
 * The output of a run: a file that the job itself writes to, so that output survives its worker and costs it no memory.
 */
export interface Output {
  readonly fd: number
  readonly path: string
  /** Cuts out the middle if the file exceeds its limit. */
  check(): Promise<void>
  /** At most the last `most` bytes, also after `close`; null if no more than `beyond` bytes were written. */
  end(most: number, beyond: number): Promise<LogEnd | null>
  close(): void
}

/**
 * Opens the log of run `token`. It keeps `limit` bytes of the output, half from the head and half from the tail, with a
 * line in between that says how many bytes are omitted. Throws `io` or `configuration` when the log cannot be opened.
 */
export function openOutput({ folder, token, limit }: { folder: string; token: string; limit: number }): Output {
  const path = logPath(folder, token)
  const fd = openLog(path, folder)
  const head = Math.floor(limit / 2)
  const tail = limit - head - MARKER_LENGTH
  let left_out = 0
  /** Bytes that the job itself has discarded, and those that it had written at the last check without them. */
  let emptied = 0
  let seen = 0
  let turn: Promise<unknown> = Promise.resolve()

  /** Runs one task after the other: a check during a cut would see an inconsistent log. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  async function cut(): Promise<void> {
    // A separate descriptor: one opened for appending always writes to the end, at any given position.
    const file = await asyncFiles().open(path, 'r+')
    try {
      const { size } = await file.stat()
      const kept_from = size - tail
      const begin = head + MARKER_LENGTH
      const dropped = kept_from - (left_out === 0 ? head : begin)
      // Also written before the move, in case this worker dies during it.
      await file.write(markerOf(left_out + dropped), 0, MARKER_LENGTH, head)
      left_out += dropped + (await moveDown(file, kept_from, begin, size))
      await file.write(markerOf(left_out), 0, MARKER_LENGTH, head)
    } finally {
      await file.close()
    }
  }

  /** How many bytes were written in all, when the log has `size` bytes. */
  function written(size: number): number {
    const now = left_out === 0 ? size : size - MARKER_LENGTH + left_out
    if (now >= seen) seen = now
    else {
      // For `> /dev/stdout` the shell opens the log again and truncates it.
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
 * Moves everything after `from` down to `to` and truncates the file after it, while the job may go on appending. The
 * first `size` bytes, which were already there, are moved in the background. The rest is moved and the file truncated
 * without a pause, so that almost nothing can be written in between. Returns how many bytes were lost nevertheless.
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
 * The end of an output whose worker did not see it, read only from the log at `path`, which was opened with that
 * `limit`; null when no log exists.
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

/** At most `most` of the bytes from `begin` to `size`; the omitted part ends with a whole character. */
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

/** Drops the rest of a character that began before. */
function wholeCharacters(bytes: Buffer): Buffer {
  let at = 0
  while (at < REST_OF_CHARACTER && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++
  return bytes.subarray(at)
}

const BEGIN = '\n[queuectl: '
const FORM = /^\n\[queuectl: (\d+) bytes of output are left out here\] *\n$/

/** Size of a marker, for any number: it is rewritten in place. */
export const MARKER_LENGTH = 72

/** The line in a log that replaces `bytes` bytes cut out of its middle; it begins with its own newline. */
export function markerOf(bytes: number): Buffer {
  return Buffer.from(`${`${BEGIN}${bytes} bytes of output are left out here]`.padEnd(MARKER_LENGTH - 1)}\n`)
}

/** The number in the first marker in `chunk`, and its position; null if `chunk` contains no complete marker. */
export function findMarker(chunk: Buffer): { at: number; bytes: number } | null {
  for (let at = chunk.indexOf(BEGIN); at >= 0; at = chunk.indexOf(BEGIN, at + 1)) {
    const bytes = FORM.exec(chunk.toString('latin1', at, at + MARKER_LENGTH))?.[1]
    if (bytes !== undefined) return { at, bytes: Number(bytes) }
  }
  return null
}
