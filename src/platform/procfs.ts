import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { monotonic, sleep } from '../lib/clock.ts'
import type { ProcessEntry, ProcessTable } from './process-table.ts'

/** A line of /proc/<pid>/stat has about 300 bytes. */
const line = Buffer.allocUnsafe(4096)
/** A process that is about to execute a program does so within microseconds, or when it gets a processor again. */
const BEGIN_MS = 1_000
const LOOK_MS = 2
/** A file opened for one program reads as empty if the process has executed another one meanwhile. */
const READS = 4
/** A kernel thread (PF_KTHREAD in include/linux/sched.h of the kernel). */
const KERNEL = 0x00200000

/** Linux: processes as /proc shows them (proc_pid_stat(5), proc_pid_environ(5)). */
export const procfs: ProcessTable = {
  by_parent: false,
  entry,

  async entries() {
    try {
      return readdirSync('/proc').flatMap((name) => (/^\d/.test(name) ? (entry(Number(name)) ?? []) : []))
    } catch {
      return null
    }
  },

  // A child stays in the table until its parent has waited for it, so its time can be read however short its life was.
  startOf: (pid) => entry(pid)?.start ?? null,

  lives({ pid, start }) {
    const now = entry(pid)
    return now?.alive === true && now.start === start
  },

  async holders(pids, text, copied) {
    const holding = new Set<number>()
    const unreadable = new Set<number>()
    const until = monotonic() + BEGIN_MS
    for (let open = pids; ; await sleep(LOOK_MS)) {
      // The time is checked before the scan: a process that was suspended past the deadline scans once more.
      const late = monotonic() >= until
      const beginning = []
      for (const pid of open) {
        const said = environmentSays(pid, text, copied)
        if (said === 'text') holding.add(pid)
        else if (said === 'beginning') beginning.push(pid)
        else if (said === 'unreadable') unreadable.add(pid)
      }
      open = beginning
      if (open.length > 0 && !late) continue
      for (const pid of open) unreadable.add(pid)
      return { holding, unreadable }
    }
  },

  environment(pid) {
    try {
      const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]))
    } catch {
      return null
    }
  },

  owner(pid) {
    const uid = /^Uid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
    return uid === undefined ? null : Number(uid)
  },

  boot: () => read('/proc/sys/kernel/random/boot_id')?.trim() ?? '',
}

function entry(pid: number): ProcessEntry | null {
  const fields = statOf(pid)
  if (fields === null) return null
  const [state = '', parent, group, session] = fields
  const [threads, start] = [fields[17], fields[19]]
  if (start === undefined) return null
  // A process whose first thread has exited shows as a zombie while its other threads go on.
  const alive = !'ZXx'.includes(state) || Number(threads) > 1
  return { pid, parent: Number(parent), group: Number(group), session: Number(session), start, alive, state }
}

/** The fields of /proc/<pid>/stat from the third one, the state, on. */
function statOf(pid: number): string[] | null {
  const stat = read(`/proc/${pid}/stat`)
  // The command's name may contain spaces and parentheses: count the fields after its last parenthesis.
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/**
 * What the environment of a process contains. Between fork and exec it is that of the parent, which identifies the
 * children of a dead worker. During exec it is empty for a moment, and so are the arguments. A scan in that moment must
 * not take the process for an unrelated one.
 */
function environmentSays(
  pid: number,
  text: string,
  copied: string | undefined,
): 'text' | 'beginning' | 'unreadable' | 'else' {
  try {
    for (let reads = 0; reads < READS; reads++) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
      const says = (entry: string) => `\0${environment}\0`.includes(`\0${entry}\0`)
      if (environment === '') {
        if (isBeginning(pid)) return 'beginning'
      } else return says(text) || (copied !== undefined && says(copied)) ? 'text' : 'else'
    }
    return 'else'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ESRCH' ? 'else' : 'unreadable'
  }
}

/** Whether a process without an environment has no arguments either, and is neither a kernel thread nor dead. */
function isBeginning(pid: number): boolean {
  const [state = '', , , , , , flags] = statOf(pid) ?? []
  return !'ZXx'.includes(state) && (Number(flags) & KERNEL) === 0 && readFileSync(`/proc/${pid}/cmdline`).length === 0
}

/**
 * Reads the beginning of a small file, without the size query and second read that readFile makes: a sweep reads
 * hundreds.
 */
function read(file: string): string | null {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch {
    return null
  }
  try {
    return line.toString('latin1', 0, readSync(fd, line, 0, line.length, 0))
  } catch {
    return null
  } finally {
    closeSync(fd)
  }
}
