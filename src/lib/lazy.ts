// Modules of Node that cost more than they are used, and are loaded when something asks for them.

/** Loaded when asked for: a short command spends a hundredth of its time on it. */
export function os(): typeof import('node:os') {
  return process.getBuiltinModule('node:os')
}

/** Loaded when something is started, and not by every command that asks for a folder. */
export function childProcess(): typeof import('node:child_process') {
  return process.getBuiltinModule('node:child_process')
}

/** Loaded when it is needed: readline and others come with it, half a megabyte in a process that idles. */
export function asyncFiles(): typeof import('node:fs/promises') {
  return process.getBuiltinModule('node:fs/promises')
}
