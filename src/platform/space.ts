import { type StatsFs, statfsSync } from 'node:fs'
import path from 'node:path'

/** The file system of `file` or, while that does not exist, of the nearest folder above; null: the system does not tell. */
export function fileSystemAt(file: string): StatsFs | null {
  for (let at = path.resolve(file); ; at = path.dirname(at)) {
    try {
      return statfsSync(at)
    } catch {
      if (at === path.dirname(at)) return null
    }
  }
}

/** Bytes that may still be written where `file` lies; null: the system does not tell. */
export function freeSpace(file: string): number | null {
  const found = fileSystemAt(file)
  // Without a size there is no limit that anybody knows of.
  if (found === null || found.blocks === 0) return null
  return found.bavail * (found.frsize || found.bsize)
}
