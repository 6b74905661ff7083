import type { Shell } from '../domain/job.ts'
import type { ProcessIdentity } from '../domain/processes.ts'
import { posix } from './posix.ts'
import { procfs } from './procfs.ts'
import { psTable } from './ps.ts'
import { windows } from './windows.ts'

/** What identifies the processes of a job: the token in their environment, and the group and session led by `pid`. */
export interface Tree {
  token: string
  /** Null when the pid was never recorded; then only the token identifies them. */
  pid: number | null
  start: string | null
  /**
   * The caller started it and has watched it since, so its pid and group cannot have been reused: group members need no
   * other evidence.
   */
  watched?: boolean
  /** ID of the worker that started it, now dead: a process that it was just starting may not carry the token yet. */
  worker?: string
}

/** How to end a tree. */
export interface EndOptions {
  /** Milliseconds between SIGTERM and SIGKILL; 0: SIGKILL at once. */
  patience_ms: number
  /** Also end processes that left the group but not the session, and those that carry the token. */
  sweep: boolean
  /** When aborted, SIGKILL follows at once. */
  hurry?: AbortSignal
}

/** Proof that no process of a tree is alive, or the reason why there is none (R4). */
export type Proof = { gone: true } | { gone: false; reason: string }

export interface JobCommand {
  command: string
  shell: Shell
  cwd: string
  env: Record<string, string>
  /** Open file that receives stdout and stderr. */
  output_fd: number
}

/** How the shell of a job exited; `error` when it could not be started. */
export type ExitStatus =
  | { kind: 'exit'; exit_code: number }
  | { kind: 'signal'; signal: string }
  | { kind: 'error'; message: string }

export interface StartedJob {
  /** Null when it could not be started; `ended` then has the reason. */
  pid: number | null
  start: string | null
  /** Resolves when the shell itself has exited (its children may live on); never rejects. */
  ended: Promise<ExitStatus>
  /** If present, the command begins only when this is called: record the pid before (R5). */
  go?: () => void
}

/** Options for forking a worker process, in addition to the common ones; as node:cluster takes them. */
export interface ForkOptions {
  windowsHide?: boolean
  stdio?: ('ignore' | 'pipe' | 'ipc')[]
}

/** A process whose environment names the run it belongs to. */
export interface Carrier {
  pid: number
  token: string
  job: string
  /** Address of its store; null when the address contains a password. */
  store: string | null
}

export interface Platform {
  /** Whether SIGTERM can request a process to exit. */
  readonly has_signals: boolean
  readonly fork_options: ForkOptions
  /** Current identity of `pid`; null when no such process exists (a zombie counts as none). */
  identify(pid: number): ProcessIdentity | null
  /**
   * Whether the process with that identity is alive. `elsewhere`: it is on another host or in another pid namespace, so
   * nothing is known. `gone` includes: the host has rebooted since, or the pid belongs to another process now.
   */
  liveness(identity: ProcessIdentity): 'alive' | 'gone' | 'elsewhere'
  /** Checks the identity, then sends the signal. False: not sent. */
  signal(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL' | 'SIGCONT'): boolean
  /**
   * Why this system cannot run such a command, whatever its content: no such shell, or too long for it. Null when it
   * can.
   */
  unrunnable(job: { command: string; shell: Shell }): string | null
  /** A command line that the shell parses into exactly `words`. */
  commandLine(words: readonly string[], shell: Shell): string
  /** A hint for people: how to type a job's JSON here so that the terminal keeps its quotes. */
  readonly json_hint: string
  /** Starts a job in its own session. Never throws. */
  start(job: JobCommand): StartedJob
  /** Whether any process of the tree is alive; cheap when none is. `sweep`: also search for the token. */
  treeLives(tree: Tree, options: { sweep: boolean }): Promise<boolean>
  /** Living processes that carry the token of a run, from any store; null where the system does not show that. */
  carriers(): Promise<Carrier[] | null>
  /** Ends a tree: SIGTERM, then SIGKILL until it is proved gone or 3 s have passed. */
  endTree(tree: Tree, options: EndOptions): Promise<Proof>
  /** Folder for the data of this user's programs: the place of the default queue. */
  dataFolder(): string
  /** Kind of file system at `path` if SQLite cannot trust it (network, virtual); else null. */
  untrustedFileSystem(path: string): string | null
  /** Kind of file system at `path` if its files are lost in a reboot; else null. */
  volatileFileSystem(path: string): string | null
  /** Bytes available where `path` lies or will be created; null: the system does not report it. */
  freeSpace(path: string): number | null
  /** CPU (percent of one core) and memory (bytes) by pid; pids without a figure are absent. Never throws. */
  usage(pids: readonly number[]): Promise<Map<number, { cpu: number; rss: number }>>
  /** Pids in the session led by `pid`, to sum up a job's tree; at least `pid` itself. */
  sessionPids(pids: readonly number[]): Promise<Map<number, number[]>>
}

/** This system's platform: the only place that checks which system this is. */
export const platform: Platform = choose()

function choose(): Platform {
  if (process.platform === 'win32') return windows()
  return process.platform === 'linux'
    ? posix(procfs, { mac: false })
    : posix(psTable(), { mac: process.platform === 'darwin' })
}
