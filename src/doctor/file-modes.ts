import { chmodSync, lstatSync, readdirSync, type Stats } from 'node:fs'
import path from 'node:path'

/** A file or folder of a queue that is open to others than its owner. */
export interface Loose {
  path: string
  mode: number
  wanted: number
  /** Others may change it, not only read it. */
  writable: boolean
}

/** What `inspectModes` found. */
export interface Modes {
  loose: Loose[]
  /** Links and the like, which queuectl did not make. */
  strange: string[]
  /** Of another user. */
  foreign: string[]
}

const OTHERS = 0o077
const OTHERS_WRITE = 0o022
const STICKY = 0o1000

/** Looks at `paths` and all that is in them; null where files have no modes. */
export function inspectModes(paths: readonly string[]): Modes | null {
  const uid = process.getuid?.()
  if (uid === undefined) return null
  const modes: Modes = { loose: [], strange: [], foreign: [] }
  for (const start of paths) walk(start, (at, stat) => judge(at, stat, uid, modes))
  return modes
}

/** Takes away from others what they need not have. Without an error for what is gone meanwhile. */
export function tighten(loose: readonly Loose[]): void {
  for (const { path: at, wanted } of loose) {
    const stat = lstatSync(at, { throwIfNoEntry: false })
    // Not what it was when it was looked at: a link would lead the change elsewhere.
    if (stat && !stat.isSymbolicLink()) chmodSync(at, wanted)
  }
}

/** Whether others may put files of theirs in the place of those in `folder`. */
export function isOpenToOthers(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (process.getuid === undefined || !stat?.isDirectory()) return false
  return (stat.mode & OTHERS_WRITE) !== 0 && (stat.mode & STICKY) === 0
}

function judge(at: string, stat: Stats, uid: number, { loose, strange, foreign }: Modes): void {
  if (!stat.isFile() && !stat.isDirectory()) strange.push(at)
  else if (stat.uid !== uid && uid !== 0) foreign.push(at)
  else if ((stat.mode & OTHERS) !== 0) {
    const mode = stat.mode & 0o777
    loose.push({ path: at, mode, wanted: mode & ~OTHERS, writable: (stat.mode & OTHERS_WRITE) !== 0 })
  }
}

function walk(at: string, look: (at: string, stat: Stats) => void): void {
  const stat = lstatSync(at, { throwIfNoEntry: false })
  if (!stat) return
  look(at, stat)
  if (stat.isDirectory()) for (const name of namesIn(at)) walk(path.join(at, name), look)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Gone, or not ours to read, which its owner tells.
    return []
  }
}
