import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { parentOf } from '../helpers/processes.ts'

const KIB = 1024

/** The resources that a process uses. */
export interface Usage {
  /** Bytes in memory: `rss` with all shared pages, `pss` with its share of them. */
  rss: number
  pss: number
  descriptors: number
  threads: number
}

/** The contents of a folder. */
export interface Size {
  files: number
  bytes: number
}

/** The current use of `pid`; null: it has exited. */
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

/** The files in `folder` and below; a missing folder is empty. Files that are removed meanwhile count 0 bytes. */
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

/** Bytes of a file; 0 if it does not exist. */
export function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** The number of processes that descend from `root`, zombies and itself included, and of the zombies. */
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

function quietly<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
