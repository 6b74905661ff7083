import { spawnSync } from 'node:child_process'
import { tempFolder } from './temp.ts'

/** A separate file system of that size in bytes; null if none can be mounted. `remove` unmounts it. */
export function smallDisk(size: number): { folder: string; remove: () => void } | null {
  const folder = tempFolder()
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
  if (status !== 0) return null
  // Lazily: a process that is about to end may still use it.
  const remove = () => void spawnSync('umount', ['-l', folder])
  process.once('exit', remove)
  return { folder, remove }
}
