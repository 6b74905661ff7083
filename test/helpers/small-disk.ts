import { spawnSync } from 'node:child_process'
import { tempFolder } from './temp.ts'

/** A file system of its own, of so many bytes; null where none can be mounted. `remove` takes it away. */
export function smallDisk(size: number): { folder: string; remove: () => void } | null {
  const folder = tempFolder()
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
  if (status !== 0) return null
  // Lazily: a process that ends just now may still be in it.
  const remove = () => void spawnSync('umount', ['-l', folder])
  process.once('exit', remove)
  return { folder, remove }
}
