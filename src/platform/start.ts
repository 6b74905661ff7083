import type { SpawnOptions } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { childProcess } from '../lib/lazy.ts'
import type { ExitStatus, JobCommand, StartedJob } from './platform.ts'
import type { PosixSpawn } from './posix-spawn.ts'
import type { ProcessTable } from './process-table.ts'

/** A shell, and how it receives the command. `gated`: it waits for a line on its standard input before it begins. */
export interface ShellCall {
  file: string
  args: string[]
  env: Record<string, string>
  gated: boolean
  options?: SpawnOptions
}

/**
 * Starts a job's shell as the leader of its own session and group, so that a terminal's signals do not reach it. Never
 * throws.
 */
export function startShell(call: ShellCall, { cwd, output_fd }: JobCommand, table: ProcessTable): StartedJob {
  const { file, args, env, gated, options } = call
  try {
    const asked_at = Date.now()
    const child = childProcess().spawn(file, args, {
      cwd,
      env,
      detached: true,
      ...options,
      stdio: [gated ? 'pipe' : 'ignore', output_fd, output_fd],
    })
    const ended = new Promise<ExitStatus>((resolve) => {
      // 'exit', not 'close': a child that lives on keeps the descriptors open, and 'close' waits for it.
      child.once('exit', (code, signal) => resolve(exitStatusOf(code, signal)))
      child.once('error', (error) => resolve({ kind: 'error', message: explain(error, cwd) }))
    })
    const pid = child.pid ?? null
    const start = pid === null ? null : table.startOf(pid, asked_at)
    if (!gated) return { pid, start, ended }
    // The shell may have exited without reading.
    child.stdin?.on('error', () => {})
    return { pid, start, ended, go: () => void child.stdin?.end('go\r\n') }
  } catch (error) {
    // spawn throws at once for what it cannot even try: too long a command (E2BIG), a NUL byte.
    const message = explain(error as NodeJS.ErrnoException, cwd)
    return { pid: null, start: null, ended: Promise.resolve({ kind: 'error', message }) }
  }
}

/** As `startShell`, by posix_spawn. Null when that fails: the plain way then reports the reason, or succeeds. */
export function startFast(spawn: PosixSpawn, call: ShellCall, job: JobCommand, table: ProcessTable): StartedJob | null {
  try {
    const spawned = spawn({ ...call, cwd: job.cwd, output_fd: job.output_fd })
    return 'pid' in spawned ? { ...spawned, start: table.startOf(spawned.pid, Date.now()) } : null
  } catch {
    return null
  }
}

function exitStatusOf(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  return signal === null ? { kind: 'exit', exit_code: code ?? 0 } : { kind: 'signal', signal }
}

/** Why a shell could not be started. The system reports a missing folder as a missing shell. */
function explain(error: NodeJS.ErrnoException, cwd: string): string {
  switch (error.code) {
    case 'E2BIG':
      return 'the command and its environment are too long for this system (E2BIG)'
    case 'EAGAIN':
      return 'this user has reached the limit of processes (EAGAIN)'
    case 'ERR_INVALID_ARG_VALUE':
      return 'the command, its folder or its environment contains a NUL byte'
    default:
      return folderProblem(cwd) ?? error.message
  }
}

function folderProblem(cwd: string): string | null {
  try {
    if (!statSync(cwd).isDirectory()) return `${cwd} is not a folder`
    accessSync(cwd, constants.X_OK)
    return null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return `the folder ${cwd} does not exist`
    if (code === 'ENOTDIR') return `${cwd} is not a folder`
    return `cannot enter the folder ${cwd} (${code})`
  }
}
