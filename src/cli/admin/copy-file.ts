import { statSync } from 'node:fs'
import path from 'node:path'
import { EXIT, ioError } from '../../domain/errors.ts'
import { bytes } from '../../domain/units.ts'
import { platform } from '../../platform/platform.ts'

/**
 * Runs `work` so that Ctrl-C leaves no half-written file: unfinished files are removed when the process exits normally.
 */
export async function cleanly<T>(work: () => Promise<T>): Promise<T> {
  const exit = (signal: NodeJS.Signals) => process.exit(signal === 'SIGINT' ? EXIT.cancelled : 143)
  process.once('SIGINT', exit).once('SIGTERM', exit)
  try {
    return await work()
  } finally {
    process.off('SIGINT', exit).off('SIGTERM', exit)
  }
}

/** Bytes of a database with its log; 0 if it does not exist. */
export function sizeOf(file: string): number {
  return ['', '-wal'].reduce((sum, end) => sum + (statSync(file + end, { throwIfNoEntry: false })?.size ?? 0), 0)
}

/** Throws `io` when the disk of `file` has fewer than `size` bytes free. */
export function needSpace(file: string, size: number): void {
  const free = platform.freeSpace(file)
  if (free === null || free >= size) return
  const folder = path.dirname(path.resolve(file))
  throw ioError(
    `not enough space in ${folder}: ${bytes(size)} needed, ${bytes(free)} free`,
    'free some space, or choose another folder',
  )
}

/** `1 job`, `2 jobs`. */
export const jobCount = (count: number) => `${count} job${count === 1 ? '' : 's'}`
