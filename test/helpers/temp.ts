import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A fresh folder of this test run's own; it is removed when the run ends. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'queuectl-test-')))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
