const BEGIN = '\n[queuectl: '
const FORM = /^\n\[queuectl: (\d+) bytes of output are left out here\] *\n$/

/** Bytes that a mark takes, whatever its number: it is rewritten in place. */
export const MARK_LENGTH = 72

/** The line that stands in a log for `bytes` bytes cut out of its middle; it begins behind a newline of its own. */
export function markOf(bytes: number): Buffer {
  return Buffer.from(`${`${BEGIN}${bytes} bytes of output are left out here]`.padEnd(MARK_LENGTH - 1)}\n`)
}

/** What the first mark in `chunk` says, and where it stands; null when there is none that is whole. */
export function findMark(chunk: Buffer): { at: number; bytes: number } | null {
  for (let at = chunk.indexOf(BEGIN); at >= 0; at = chunk.indexOf(BEGIN, at + 1)) {
    const bytes = FORM.exec(chunk.toString('latin1', at, at + MARK_LENGTH))?.[1]
    if (bytes !== undefined) return { at, bytes: Number(bytes) }
  }
  return null
}
