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

/** Shows `words` as this process's arguments in the process list, where every user of the machine can read them. */
export function showAsArguments(words: readonly string[]): void {
  // There the title is the terminal's, and arguments are shown to their owner alone.
  if (process.platform === 'win32') return
  const { exec, args } = selfCommand()
  process.title = [exec, ...args, ...words].join(' ')
}

/**
 * Frees this process of a channel to a parent that is not ours. Another Node's NODE_CHANNEL_FD and NODE_UNIQUE_ID, left over in the
 * environment, make ours take the descriptor of that number, mostly one of its own, for a channel, and end or hang sooner or
 * later. By now Node has taken them out of the environment, so that the program begins again without them, as the same process.
 */
export function disown(): void {
  if (process.platform === 'win32') {
    const { worker } = process.getBuiltinModule('node:cluster')
    worker?.on('error', () => {})
    if (worker) worker.exitedAfterDisconnect = true
    return
  }
  const { exec, args } = selfCommand()
  // That it is an experimental function is none of the user's business.
  process.emitWarning = () => {}
  process.execve?.(exec, [exec, ...args, ...process.argv.slice(2)], process.env)
}
