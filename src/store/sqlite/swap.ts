import { existsSync, linkSync, renameSync } from 'node:fs'
import { COMPANIONS, type Temporary } from './temporary.ts'

/**
 * Puts `ready` in the place of the file at `path`, which nobody can read, and keeps that one at `aside` with its companions. A link
 * first, so that there is a queue at `path` at every moment.
 */
export function swapFiles(path: string, ready: Temporary, aside: string): void {
  try {
    linkSync(path, aside)
  } catch {
    // This file system has no links.
    renameSync(path, aside)
  }
  for (const end of COMPANIONS) if (existsSync(path + end)) renameSync(path + end, aside + end)
  ready.place(true)
}
