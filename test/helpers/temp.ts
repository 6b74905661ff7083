import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const made: string[] = []
process.once('exit', () => {
  // Retried, since a process that is about to end may write into it; if it still fails, the tests are not to blame.
  for (const folder of made) {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    } catch (error) {
      console.error(`${folder} cannot be removed: ${(error as Error).message}`)
    }
  }
})

/** For thousands of stores in a row: a folder in memory, which waits for no disk, if one exists. */
export const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A fresh folder of this test run in `root`; it is removed when the run ends. */
export function tempFolder(root = tmpdir()): string {
  const folder = realpathSync(mkdtempSync(path.join(root, 'queuectl-test-')))
  made.push(folder)
  return folder
}
