// Node modules that cost more than they are used; they are loaded on first use.

/** Loading it takes a hundredth of a short command's time. */
export function os(): typeof import('node:os') {
  return process.getBuiltinModule('node:os')
}

/** Needed only to start a process, not by every command that looks up a folder. */
export function childProcess(): typeof import('node:child_process') {
  return process.getBuiltinModule('node:child_process')
}

/** It loads readline and others, half a megabyte in an idle process. */
export function asyncFiles(): typeof import('node:fs/promises') {
  return process.getBuiltinModule('node:fs/promises')
}
