import { misconfigured } from '../domain/errors.ts'

/**
 * How to start this program again: the executable and the arguments that precede the program's own. A single executable
 * is the program itself; otherwise Node gets the same flags and entry file. A worker gets `worker_args`: one V8 thread
 * instead of four, since they have little work in a worker and each uses memory (executables have that built in).
 */
export function selfCommand(): { exec: string; args: string[]; entry: string; worker_args: string[] } {
  if (process.getBuiltinModule('node:sea').isSea()) {
    return { exec: process.execPath, args: [], entry: process.execPath, worker_args: [] }
  }
  const [entry = '', flags] = [process.argv[1], process.execArgv]
  return { exec: process.execPath, args: [...flags, entry], entry, worker_args: ['--v8-pool-size=1', ...flags] }
}

/**
 * Whether this process is a worker that a supervisor has forked: a single executable sees the same arguments as a
 * command typed by a person. Our own variable alone does not prove it, because a job may have inherited it. The cluster
 * module is checked only if the variable exists, since loading it costs every command some milliseconds.
 */
export function forkedAsWorker(): boolean {
  return !!process.env.QUEUECTL_WORKER && process.connected && process.getBuiltinModule('node:cluster').isWorker
}

/** Shows `words` as this process's arguments in the process list, which every user of the machine can read. */
export function showAsArguments(words: readonly string[]): void {
  // On Windows the title is the terminal's, and arguments are visible to their owner only.
  if (process.platform === 'win32') return
  const { exec, args } = selfCommand()
  process.title = [exec, ...args, ...words].join(' ')
}

/**
 * Removes a channel to a parent that is not ours. With another Node's NODE_CHANNEL_FD and NODE_UNIQUE_ID in the
 * environment, this process takes the descriptor of that number, mostly one of its own, for a channel, and exits or
 * hangs sooner or later. Node has already deleted the variables, so the program executes itself again without them, as
 * the same process.
 */
export function disown(): void {
  if (process.platform === 'win32') {
    const { worker } = process.getBuiltinModule('node:cluster')
    worker?.on('error', () => {})
    if (worker) worker.exitedAfterDisconnect = true
    return
  }
  const { exec, args } = selfCommand()
  // Node warns that this function is experimental; that does not concern the user.
  process.emitWarning = () => {}
  process.execve?.(exec, [exec, ...args, ...process.argv.slice(2)], process.env)
}

/**
 * Makes sure that this process can fork workers; call it before node:cluster is loaded. With another Node's
 * NODE_UNIQUE_ID in the environment Node considers this process a worker, which cannot fork: the program then executes
 * itself again without it. Workers would read another Node's NODE_CHANNEL_SERIALIZATION_MODE instead of ours, and
 * understand no message.
 */
export function becomePrimary(): void {
  // Node deletes the former itself, unless it is empty, which has the same effect as any value.
  for (const name of ['NODE_UNIQUE_ID', 'NODE_CHANNEL_SERIALIZATION_MODE']) delete process.env[name]
  if (!process.getBuiltinModule('node:cluster').isWorker) return
  disown()
  throw misconfigured('NODE_UNIQUE_ID is set in the environment', 'unset it before you start workers')
}
