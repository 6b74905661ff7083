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
