import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process that is about to execute a program does so within microseconds, or when it gets a processor again. */
const BEGIN_MS = 1_000

/** A kernel thread (PF_KTHREAD in its include/linux/sched.h). */
const KERNEL = 0x00200000

/** Whether this system has /proc, and so sweeps and visible zombies. */
export const HAS_PROC = process.platform === 'linux'

/** Whether `pid` lives, checked without the program's own code. A zombie does not. */
export function lives(pid: number): boolean {
  try {
    if (!HAS_PROC) return process.kill(pid, 0)
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** Start time of `pid` as Linux reports it: field 22 of its stat. Throws if no such process exists. */
export function startOf(pid: number): string {
  return statOf(pid)[19] ?? ''
}

/** Parent pid of `pid`. Throws if no such process exists. */
export function parentOf(pid: number): number {
  return Number(statOf(pid)[1])
}

/**
 * Variables that `pid` was started with; none if it is gone. During exec they are missing for a moment, like its
 * arguments, and a file that was opened before reads as empty: then they are read again.
 */
export function environmentOf(pid: number): string[] {
  const until = performance.now() + BEGIN_MS
  try {
    for (let begun = 0; begun < 3; ) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
      if (environment !== '') return environment.split('\0')
      if (!isBeginning(pid) || performance.now() > until) begun++
    }
    return []
  } catch {
    return []
  }
}

/**
 * Whether it has no arguments, though it is neither dead nor a kernel thread, which some systems show without an
 * environment, too.
 */
function isBeginning(pid: number): boolean {
  const [state = '', , , , , , flags] = statOf(pid)
  return !/[ZX]/.test(state) && (Number(flags) & KERNEL) === 0 && readFileSync(`/proc/${pid}/cmdline`).length === 0
}

/** Living processes whose environment `fits` accepts; none without /proc. */
export function livingWith(fits: (environment: readonly string[]) => boolean): number[] {
  if (!HAS_PROC) return []
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && fits(environmentOf(pid)) && lives(pid))
}

/** Fields of a process's stat from the third on. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

const strangers = new Set<ChildProcess>()

/** A process in a separate session that no test may touch; killed by `endStrangers`. */
export function stranger(
  command = 'exec sleep 60',
  env: NodeJS.ProcessEnv = { PATH: process.env.PATH },
): ChildProcess & { pid: number } {
  const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'ignore', env })
  strangers.add(child)
  if (child.pid === undefined) throw new Error('cannot start a process')
  return child as ChildProcess & { pid: number }
}

/** Kills what `stranger` started, with its groups. */
export function endStrangers(): void {
  for (const { pid } of strangers) killQuietly(-(pid ?? 0))
  strangers.clear()
}

/** Sends SIGKILL, or another signal, to `pid` (a group if negative), if it exists. */
export function killQuietly(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (Math.abs(pid) <= 1) return
  try {
    process.kill(pid, signal)
  } catch {
    // It is gone already.
  }
}
