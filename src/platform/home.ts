import path from 'node:path'
import { misconfigured } from '../domain/errors.ts'
import { os } from '../lib/lazy.ts'

/** The user's home folder. Throws `configuration` (78) for one who has none, as in a container that is given a bare user id. */
export function homeFolder(): string {
  const home = known()
  if (path.isAbsolute(home)) return home
  throw misconfigured(
    'this user has no home folder for the queue',
    'name a file: --db FILE, or a folder: QUEUECTL_HOME',
  )
}

function known(): string {
  try {
    return os().homedir()
  } catch {
    return ''
  }
}
