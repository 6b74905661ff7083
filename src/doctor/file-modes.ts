import { chmodSync, lstatSync, readdirSync, type Stats } from 'node:fs'
import path from 'node:path'

/** A file or folder of a queue that other users than its owner can access. */
export interface Loose {
  path: string
  mode: number
  wanted: number
  /** Whether others can change it, not only read it. */
  writable: boolean
}

/** The result of `inspectModes`. */
export interface Modes {
  loose: Loose[]
  /** Links and other kinds of files, which queuectl does not create. */
  strange: string[]
  /** Files of another user. */
  foreign: string[]
}

const OTHERS = 0o077
const OTHERS_WRITE = 0o022
const STICKY = 0o1000

/** Checks `paths` and everything in them; null on systems without file modes. */
export function inspectModes(paths: readonly string[]): Modes | null {
  const uid = process.getuid?.()
  if (uid === undefined) return null
  const modes: Modes = { loose: [], strange: [], foreign: [] }
  for (const start of paths) walk(start, (at, stat) => judge(at, stat, uid, modes))
  return modes
}

/** Removes the permissions of others. Ignores files that no longer exist. */
export function tighten(loose: readonly Loose[]): void {
  for (const { path: at, wanted } of loose) {
    const stat = lstatSync(at, { throwIfNoEntry: false })
    // The file may have been replaced since the check: a link would redirect the change.
    if (stat && !stat.isSymbolicLink()) chmodSync(at, wanted)
  }
}

/** Whether others can replace files in `folder`. */
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

function walk(at: string, visit: (at: string, stat: Stats) => void): void {
  const stat = lstatSync(at, { throwIfNoEntry: false })
  if (!stat) return
  visit(at, stat)
  if (stat.isDirectory()) for (const name of namesIn(at)) walk(path.join(at, name), visit)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // It no longer exists, or is not readable; its owner is reported.
    return []
  }
}
