import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { runFolder } from '../runs/journal.ts'

/** A file that a run or a command may have left behind. */
export interface Remains {
  path: string
  /** Token of the run; empty for a file without a run. */
  token: string
  /** Epoch milliseconds. */
  changed_at: number
}

/** Logs of runs in a store's `folder`. */
export function logsIn(folder: string): Remains[] {
  const logs = path.join(folder, 'logs')
  return namesIn(logs).flatMap((shelf) => filesIn(path.join(logs, shelf), /^([0-9a-z]{20})\.log$/))
}

/** Journal files of runs in a store's `folder`; `spare`: files prepared for later runs. */
export function journalFilesIn(folder: string): { journal: Remains[]; spare: Remains[] } {
  const home = runFolder(folder)
  return { journal: filesIn(home, /^([0-9a-z]{20})$/), spare: filesIn(home, /^([0-9a-z]{20})\.spare$/) }
}

/** Unfinished files of a backup or restore that was killed, beside the store's file. */
export function unfinishedIn(file: string): Remains[] {
  const name = path.basename(file).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const temporary = `${name}(?:\\.before-restore-[^.]+)?\\.[0-9a-z]{8}\\.tmp(?:-wal|-shm|-journal)?`
  return filesIn(path.dirname(file), new RegExp(`^${temporary}$`))
}

/** Removes files. Ignores those that no longer exist. */
export function removeRemains(remains: readonly Remains[]): void {
  for (const { path: at } of remains) {
    try {
      unlinkSync(at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

function filesIn(folder: string, pattern: RegExp): Remains[] {
  return namesIn(folder).flatMap((name) => {
    const token = pattern.exec(name)
    const at = path.join(folder, name)
    const stat = token ? lstatSync(at, { throwIfNoEntry: false }) : undefined
    return stat?.isFile() ? [{ path: at, token: token?.[1] ?? '', changed_at: stat.mtimeMs }] : []
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
