import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import type { ProcessEntry, ProcessTable } from './table.ts'

/** A line of /proc/<pid>/stat is some 300 bytes. */
const line = Buffer.allocUnsafe(4096)
/** While a process executes a new program its environment reads as empty, for some microseconds. */
const EMPTY_READS = 3

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

  // Until its parent has waited for it, a child is in the table: the time can be read however short its life was.
  startOf: (pid) => entry(pid)?.start ?? null,

  lives({ pid, start }) {
    const now = entry(pid)
    return now?.alive === true && now.start === start
  },

  async holders(pids, text) {
    const holding = new Set<number>()
    const unreadable = new Set<number>()
    for (const pid of pids) {
      const holds = environmentHolds(pid, text)
      if (holds === null) unreadable.add(pid)
      else if (holds) holding.add(pid)
    }
    return { holding, unreadable }
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
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The command's name may hold spaces and parentheses: fields are counted from behind its last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', parent, group, session] = fields
  const [threads, start] = [fields[17], fields[19]]
  if (start === undefined) return null
  // A process whose first thread has ended shows as a zombie while its other threads work on.
  const alive = !'ZXx'.includes(state) || Number(threads) > 1
  return { pid, parent: Number(parent), group: Number(group), session: Number(session), start, alive, state }
}

/** Null: it may not be read. */
function environmentHolds(pid: number, text: string): boolean | null {
  try {
    for (let reads = 0; reads < EMPTY_READS; reads++) {
      const environment = readFileSync(`/proc/${pid}/environ`)
      if (environment.length > 0) return `\0${environment.toString('latin1')}\0`.includes(`\0${text}\0`)
    }
    return false
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ESRCH' ? false : null
  }
}

/** The beginning of a small file, without the size query and the second read that readFile makes: a sweep reads hundreds. */
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
