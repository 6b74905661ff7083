import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const made: string[] = []
process.once('exit', () => {
  // Again where a process that is about to end writes into it; what stays then is no fault of the tests.
  for (const folder of made) {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    } catch (error) {
      console.error(`${folder} cannot be removed: ${(error as Error).message}`)
    }
  }
})

/** For thousands of stores in a row: where no disk has to be waited for, if there is such a place. */
export const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A fresh folder of this test run's own, in `root`; it is removed when the run ends. */
export function tempFolder(root = tmpdir()): string {
  const folder = realpathSync(mkdtempSync(path.join(root, 'queuectl-test-')))
  made.push(folder)
  return folder
}
