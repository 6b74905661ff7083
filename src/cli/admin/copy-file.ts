import { statSync } from 'node:fs'
import path from 'node:path'
import { EXIT, ioError } from '../../domain/errors.ts'
import { bytes } from '../../domain/units.ts'
import { platform } from '../../platform/platform.ts'

/** Ctrl-C leaves nothing half-written: what is in the making is removed when the process ends by itself. */
export async function cleanly<T>(work: () => Promise<T>): Promise<T> {
  const end = (signal: NodeJS.Signals) => process.exit(signal === 'SIGINT' ? EXIT.cancelled : 143)
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    return await work()
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
  }
}

/** Bytes of a database with its log; 0 when there is none. */
export function sizeOf(file: string): number {
  return ['', '-wal'].reduce((sum, end) => sum + (statSync(file + end, { throwIfNoEntry: false })?.size ?? 0), 0)
}

/** Throws `io` when there are fewer than `size` bytes free where `file` is to be. */
export function needSpace(file: string, size: number): void {
  const free = platform.freeSpace(file)
  if (free === null || free >= size) return
  const folder = path.dirname(path.resolve(file))
  throw ioError(
    `this takes ${bytes(size)} in ${folder}, where ${bytes(free)} are free`,
    'make room, or choose another place',
  )
}

/** `1 job`, `2 jobs`. */
export const jobCount = (count: number) => `${count} job${count === 1 ? '' : 's'}`
