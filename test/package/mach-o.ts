import { createHash } from 'node:crypto'

const SEGMENT = 0x19
const CODE_SIGNATURE = 0x1d
const CODE_DIRECTORY = 0xfade0c02
const AD_HOC = 2
const HASHES: Record<number, string> = { 1: 'sha1', 2: 'sha256' }

/** A signature in a Mach-O file. `holds`: every page of the file is as it was when it was signed. */
export interface Signature {
  holds: boolean
  ad_hoc: boolean
}

/** Names of the segments in a Mach-O file. */
export function segmentsOf(content: Buffer): string[] {
  return loadCommands(content)
    .filter(({ type }) => type === SEGMENT)
    .map(({ at }) => content.toString('latin1', at + 8, at + 24).replace(/\0.*$/s, ''))
}

/** The signature of a Mach-O file, checked page by page; null when there is none. */
export function signatureOf(content: Buffer): Signature | null {
  const command = loadCommands(content).find(({ type }) => type === CODE_SIGNATURE)
  if (command === undefined) return null
  const blob = content.readUInt32LE(command.at + 8)
  const directories = directoriesIn(content, blob)
  return {
    holds:
      directories.length > 0 &&
      directories.every((at) => directoryHolds(content, at) && content.readUInt32BE(at + 32) === blob),
    ad_hoc: directories.every((at) => (content.readUInt32BE(at + 12) & AD_HOC) !== 0),
  }
}

/** Where the directories of hashes are in a signature, which is big-endian. */
function directoriesIn(content: Buffer, blob: number): number[] {
  const places = Array.from({ length: content.readUInt32BE(blob + 8) }, (_, i) =>
    content.readUInt32BE(blob + 16 + i * 8),
  )
  return places.map((place) => blob + place).filter((at) => content.readUInt32BE(at) === CODE_DIRECTORY)
}

function directoryHolds(content: Buffer, at: number): boolean {
  const limit = content.readUInt32BE(at + 32)
  const size = content[at + 36] ?? 0
  const hash = HASHES[content[at + 37] ?? 0] ?? ''
  const page = 2 ** (content[at + 39] ?? 0)
  const hashes = at + content.readUInt32BE(at + 16)
  for (let slot = 0; slot < content.readUInt32BE(at + 28); slot++) {
    const part = content.subarray(slot * page, Math.min((slot + 1) * page, limit))
    const expected = content.subarray(hashes + slot * size, hashes + (slot + 1) * size)
    if (!createHash(hash).update(part).digest().subarray(0, size).equals(expected)) return false
  }
  return true
}

function loadCommands(content: Buffer): { type: number; at: number }[] {
  const found = []
  for (let at = 32, i = 0; i < content.readUInt32LE(16); i++, at += content.readUInt32LE(at + 4)) {
    found.push({ type: content.readUInt32LE(at), at })
  }
  return found
}
