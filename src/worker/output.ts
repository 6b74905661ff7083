import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { monotonic } from '../platform/clock.ts'
import { logPath, openLog } from '../platform/files.ts'
import { MARK_LENGTH, markOf } from './mark.ts'

const CHUNK = 256 * 1024
/** A job that writes faster than its log can be moved is not chased for longer. */
const CHASE_MS = 20

/** Where a run's output goes: a file that the job itself writes to, so that output survives its worker and costs it no memory. */
export interface Output {
  readonly fd: number
  readonly path: string
  /** Cuts the middle out if the file has outgrown its limit. */
  check(): Promise<void>
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
  const tail = limit - head - MARK_LENGTH
  let left_out = 0
  let cutting: Promise<void> | null = null

  async function cut(): Promise<void> {
    // A descriptor of its own: what is written through one that was opened for appending goes to the end, wherever it is told to go.
    const file = await open(path, 'r+')
    try {
      const { size } = await file.stat()
      const kept_from = size - tail
      const begin = head + MARK_LENGTH
      const dropped = kept_from - (left_out === 0 ? head : begin)
      // Once before the move, in case that this worker does not see its end.
      await file.write(markOf(left_out + dropped), 0, MARK_LENGTH, head)
      left_out += dropped + (await moveDown(file, kept_from, begin, size))
      await file.write(markOf(left_out), 0, MARK_LENGTH, head)
    } finally {
      await file.close()
    }
  }

  return {
    fd,
    path,
    async check() {
      if (cutting !== null) await cutting
      if (fstatSync(fd).size <= limit) return
      cutting = cut().finally(() => {
        cutting = null
      })
      await cutting
    },
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
