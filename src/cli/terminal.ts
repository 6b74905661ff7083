import { fstatSync } from 'node:fs'

/** Whether file descriptor `fd` is a terminal. The stream behind process.stdout, which knows too, is slow to load. */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    // Closed by the caller.
    return false
  }
}

/** Columns of the terminal on stdout; null where it is none. */
export function terminalColumns(): number | null {
  return isTerminal(1) ? process.stdout.columns || null : null
}
