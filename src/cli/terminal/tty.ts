import { fstatSync, statSync } from 'node:fs'

/**
 * Whether file descriptor `fd` is a terminal. process.stdout knows too, but its stream is slow to load. So is node:tty
 * with its sockets: a tenth of a short command's time. It is loaded only for devices other than /dev/null.
 */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    const device = fstatSync(fd)
    if (!device.isCharacterDevice() || device.rdev === statSync('/dev/null', { throwIfNoEntry: false })?.rdev)
      return false
    return process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    // The caller has closed it.
    return false
  }
}

/** Lines of the terminal on stdout; null if stdout is no terminal. */
export function terminalLines(): number | null {
  return isTerminal(1) ? process.stdout.rows || null : null
}

/** Columns of the terminal on stdout; null if stdout is no terminal. */
export function terminalColumns(): number | null {
  return isTerminal(1) ? process.stdout.columns || null : null
}
