/**
 * How to start this program again: the executable and the arguments that come before its own. A single executable is its
 * own program; otherwise Node is given the same flags and entry file.
 */
export function selfCommand(): { exec: string; args: string[]; entry: string; exec_args: string[] } {
  if (process.getBuiltinModule('node:sea').isSea()) {
    return { exec: process.execPath, args: [], entry: process.execPath, exec_args: [] }
  }
  const entry = process.argv[1] ?? ''
  return { exec: process.execPath, args: [...process.execArgv, entry], entry, exec_args: process.execArgv }
}
