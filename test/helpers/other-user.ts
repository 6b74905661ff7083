import { statSync } from 'node:fs'
import path from 'node:path'
import { skip } from './skip.ts'
import { ROOT } from './sources.ts'

/** A user that owns nothing here. */
export const NOBODY = 65_534

/** Skips a test that runs the sources as another user, if other users cannot read their folder. */
export function needsOpenSources(context: Mocha.Context): void {
  const closed = [path.join(ROOT, 'src/main.ts'), process.execPath].find((file) => !isOpen(file))
  if (closed === undefined) return
  skip(context, `other users cannot reach ${closed}`)
}

function isOpen(file: string): boolean {
  if ((statSync(file).mode & 0o004) === 0) return false
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === path.dirname(folder)) return true
  }
}
