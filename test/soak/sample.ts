import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { parentOf } from '../helpers/processes.ts'

const KIB = 1024

/** What a process uses. */
export interface Usage {
  /** Bytes in memory: all of it, and its share of what it shares. */
  rss: number
  pss: number
  descriptors: number
  threads: number
}

/** What a folder holds. */
export interface Size {
  files: number
  bytes: number
}

/** What `pid` uses now; null when it is gone. */
export function usageOf(pid: number): Usage | null {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    return {
      rss: number(rollup, /^Rss:\s+(\d+) kB/m) * KIB,
      pss: number(rollup, /^Pss:\s+(\d+) kB/m) * KIB,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      threads: number(status, /^Threads:\s+(\d+)/m),
    }
  } catch {
    return null
  }
}

/** All that lies in `folder` and below. What goes meanwhile is not counted. */
export function sizeOf(folder: string): Size {
  const size = { files: 0, bytes: 0 }
  if (!existsSync(folder)) return size
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    size.files++
    size.bytes += bytesOf(path.join(entry.parentPath, entry.name))
  }
  return size
}

/** Bytes of a file; 0 when it is not there. */
export function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** How many processes descend from `root`, zombies included, and itself. */
export function familyOf(root: number): { processes: number; zombies: number } {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = Number.isInteger(pid) ? quietly(() => parentOf(pid)) : null
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const family = [root]
  for (const pid of family) family.push(...(children.get(pid) ?? []))
  const zombies = family.filter((pid) => /\) Z /.test(quietly(() => readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? ''))
  return { processes: family.length, zombies: zombies.length }
}

function number(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0)
}

function quietly<T>(look: () => T): T | null {
  try {
    return look()
  } catch {
    return null
  }
}
