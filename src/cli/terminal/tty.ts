import { fstatSync, statSync } from 'node:fs'

/**
 * Whether file descriptor `fd` is a terminal. The stream behind process.stdout, which knows too, is slow to load; so is node:tty, with all
 * that sockets need, a tenth of a short command: it is asked about devices alone, and not about /dev/null.
 */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    const device = fstatSync(fd)
    if (!device.isCharacterDevice() || device.rdev === statSync('/dev/null', { throwIfNoEntry: false })?.rdev)
      return false
    return process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    // Closed by the caller.
    return false
  }
}

/** Lines of the terminal on stdout; null where it is none. */
export function terminalLines(): number | null {
  return isTerminal(1) ? process.stdout.rows || null : null
}

/** Columns of the terminal on stdout; null where it is none. */
export function terminalColumns(): number | null {
  return isTerminal(1) ? process.stdout.columns || null : null
}
