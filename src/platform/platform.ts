import type { Shell } from '../domain/job.ts'
import type { ProcessIdentity } from '../domain/processes.ts'
import { posix } from './posix.ts'
import { procfs } from './procfs.ts'
import { psTable } from './ps.ts'
import { windows } from './windows.ts'

/** What a job's processes are known by: the token in their environment, and the group and session led by `pid`. */
export interface Tree {
  token: string
  /** Null when the pid was never recorded; then only the token finds them. */
  pid: number | null
  start: string | null
  /**
   * The caller started it and has not lost sight of it, so that its pid and group cannot have been reused: group members need no
   * other evidence.
   */
  watched?: boolean
  /** Id of the worker that started it, now dead: what it has begun to start may not carry the token yet. */
  worker?: string
}

/** How a tree is ended. */
export interface EndOptions {
  /** Milliseconds between SIGTERM and SIGKILL; 0: SIGKILL at once. */
  patience_ms: number
  /** Also what left the group but not the session, or carries the token. */
  sweep: boolean
  /** Aborted: patience is over now. */
  hurry?: AbortSignal
}

/** Proof that no process of a tree is left; or why there is none (R4). */
export type Proof = { gone: true } | { gone: false; reason: string }

export interface JobCommand {
  command: string
  shell: Shell
  cwd: string
  env: Record<string, string>
  /** Open file that gets stdout and stderr. */
  output_fd: number
}

/** How the shell of a job ended; `error` when it could not be started. */
export type ExitStatus =
  | { kind: 'exit'; exit_code: number }
  | { kind: 'signal'; signal: string }
  | { kind: 'error'; message: string }

export interface StartedJob {
  /** Null when it could not be started; `ended` then says why. */
  pid: number | null
  start: string | null
  /** Resolves when the shell itself has ended (its children may live on); never rejects. */
  ended: Promise<ExitStatus>
  /** Where it exists, the command begins when this is called: the pid is to be put on record before (R5). */
  go?: () => void
}

/** How a worker process is forked, beside what all have in common; as node:cluster takes it. */
export interface ForkOptions {
  windowsHide?: boolean
  stdio?: ('ignore' | 'pipe' | 'ipc')[]
}

/** A process that says of itself which run it belongs to. */
export interface Carrier {
  pid: number
  token: string
  job: string
  /** Address of its store; null when that holds a password. */
  store: string | null
}

export interface Platform {
  /** Whether processes can be asked to end by SIGTERM. */
  readonly has_signals: boolean
  readonly fork_options: ForkOptions
  /** Identity of `pid` now; null when there is no such process (a zombie is none). */
  identify(pid: number): ProcessIdentity | null
  /**
   * Whether the process of that identity lives. `elsewhere`: on another host or pid namespace, so nothing is known. Gone
   * includes: the host booted since, the pid belongs to another process now.
   */
  liveness(identity: ProcessIdentity): 'alive' | 'gone' | 'elsewhere'
  /** Sends a signal to the process of that identity, checked first. False: not sent. */
  signal(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL' | 'SIGCONT'): boolean
  /** Why such a command cannot be run here, whatever it says: no such shell, too long for it. Null when it can. */
  unrunnable(job: { command: string; shell: Shell }): string | null
  /** One command line from which that shell reads exactly `words`. */
  commandLine(words: readonly string[], shell: Shell): string
  /** How a job's JSON is typed here, so that the terminal leaves its quotes: a hint for people. */
  readonly json_hint: string
  /** Starts a job in a session of its own. Never throws. */
  start(job: JobCommand): StartedJob
  /** Whether any process of the tree lives; cheap when none does. `sweep`: look for the token too. */
  treeLives(tree: Tree, options: { sweep: boolean }): Promise<boolean>
  /** Living processes that carry the token of a run, whichever store it belongs to; null where that cannot be seen. */
  carriers(): Promise<Carrier[] | null>
  /** Ends a tree: TERM, then KILL until it is proved gone or 3 s have passed. */
  endTree(tree: Tree, options: EndOptions): Promise<Proof>
  /** Folder for data of this user's programs: where the default queue lies. */
  dataFolder(): string
  /** Kind of file system at `path` if it is one that SQLite cannot trust (network, virtual); else null. */
  untrustedFileSystem(path: string): string | null
  /** Kind of file system at `path` if it is gone after a reboot; else null. */
  volatileFileSystem(path: string): string | null
  /** Bytes that may still be written where `path` lies, or will lie; null: the system does not tell. */
  freeSpace(path: string): number | null
  /** CPU (percent of a core) and memory (bytes) by pid; pids without a figure are absent. Never throws. */
  usage(pids: readonly number[]): Promise<Map<number, { cpu: number; rss: number }>>
  /** Pids of the session led by `pid`, for summing a job's tree; at least `pid` itself. */
  sessionPids(pids: readonly number[]): Promise<Map<number, number[]>>
}

/** This system's platform: the one place that asks which it is. */
export const platform: Platform = choose()

function choose(): Platform {
  if (process.platform === 'win32') return windows()
  return process.platform === 'linux'
    ? posix(procfs, { mac: false })
    : posix(psTable(), { mac: process.platform === 'darwin' })
}
