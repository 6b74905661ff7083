import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { runFolder } from '../runs/journal.ts'

/** A file that a run, or a command, may have left behind. */
export interface Remains {
  path: string
  /** Of the run; empty for a file of no run. */
  token: string
  /** Epoch milliseconds. */
  changed_at: number
}

/** Logs of runs in a store's `folder`. */
export function logsIn(folder: string): Remains[] {
  const logs = path.join(folder, 'logs')
  return namesIn(logs).flatMap((shelf) => filesIn(path.join(logs, shelf), /^([0-9a-z]{20})\.log$/))
}

/** Journal files of runs in a store's `folder`; `spare`: files that wait to become one. */
export function journalFilesIn(folder: string): { journal: Remains[]; spare: Remains[] } {
  const home = runFolder(folder)
  return { journal: filesIn(home, /^([0-9a-z]{20})$/), spare: filesIn(home, /^([0-9a-z]{20})\.spare$/) }
}

/** Files beside the store's file that a backup or restore was making when it was killed. */
export function halfMadeIn(file: string): Remains[] {
  const name = path.basename(file).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const made = `${name}(?:\\.before-restore-[^.]+)?\\.[0-9a-z]{8}\\.tmp(?:-wal|-shm|-journal)?`
  return filesIn(path.dirname(file), new RegExp(`^${made}$`))
}

/** Removes files. Those that are gone already are no error. */
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
