import path from 'node:path'
import { misconfigured } from '../domain/errors.ts'
import { os } from '../lib/lazy.ts'

/**
 * The user's home folder. Throws `configuration` (78) for a user without one, as in a container that runs as a bare
 * user ID.
 */
export function homeFolder(): string {
  const home = known()
  if (path.isAbsolute(home)) return home
  throw misconfigured(
    'this user has no home folder to keep the queue in',
    'choose a file with --db FILE, or a folder with QUEUECTL_HOME',
  )
}

function known(): string {
  try {
    return os().homedir()
  } catch {
    return ''
  }
}
