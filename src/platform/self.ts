import { misconfigured } from '../domain/errors.ts'

/**
 * How to start this program again: the executable and the arguments that come before its own. A single executable is its
 * own program; otherwise Node is given the same flags and entry file. A worker gets `worker_args`: of V8's threads, which have
 * little to do in it, one in place of four, each with memory of its own (executables have that built in).
 */
export function selfCommand(): { exec: string; args: string[]; entry: string; worker_args: string[] } {
  if (process.getBuiltinModule('node:sea').isSea()) {
    return { exec: process.execPath, args: [], entry: process.execPath, worker_args: [] }
  }
  const [entry = '', flags] = [process.argv[1], process.execArgv]
  return { exec: process.execPath, args: [...flags, entry], entry, worker_args: ['--v8-pool-size=1', ...flags] }
}

/**
 * Whether this process is a worker that a supervisor has forked: in a single executable it sees the same arguments as a command typed
 * by a person. Our own mark alone is not enough, because a job may have inherited it; the cluster module is asked only where the
 * mark is, since loading it costs every command some milliseconds.
 */
export function forkedAsWorker(): boolean {
  return !!process.env.QUEUECTL_WORKER && process.connected && process.getBuiltinModule('node:cluster').isWorker
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

/**
 * Sees to it that this process can fork workers; to be called before anything asks node:cluster. Node takes one that finds a
 * NODE_UNIQUE_ID, left over from another Node, for a worker, which cannot: then the program begins again without it. And of
 * NODE_CHANNEL_SERIALIZATION_MODE our workers would read what is left over in place of ours, and understand nothing.
 */
export function becomePrimary(): void {
  // Node itself takes out the former, unless it is empty, which is as good as any.
  for (const name of ['NODE_UNIQUE_ID', 'NODE_CHANNEL_SERIALIZATION_MODE']) delete process.env[name]
  if (!process.getBuiltinModule('node:cluster').isWorker) return
  disown()
  throw misconfigured('another Node left NODE_UNIQUE_ID in the environment', 'start workers without it')
}
