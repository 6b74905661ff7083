import { sendSignal } from './kill.ts'
import type { ProcessEntry, ProcessTable } from './process-table.ts'
import { runProgram, runProgramSync } from './run-program.ts'

const LINE = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})/
const COLUMNS = ['-o', 'pid=,ppid=,pgid=,sess=,stat=,lstart=']
/** English and UTC, so that the start time can be parsed and its text stays the same. */
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' }

/** The programs that the table runs, ps(1) and sysctl(8); replaced in tests. */
export interface PsPrograms {
  run: typeof runProgram
  runSync: typeof runProgramSync
}

/**
 * macOS, and systems without /proc: processes as ps(1) shows them. It is run by its full path, so that nothing planted
 * on the PATH is executed. Start times are whole seconds. Some systems show no session IDs, and environments of
 * protected programs are hidden, so children are also found by their parents.
 */
export function psTable({ run, runSync }: PsPrograms = { run: runProgram, runSync: runProgramSync }): ProcessTable {
  const entry = (pid: number) => parse(runSync('/bin/ps', ['-p', String(pid), ...COLUMNS], ENVIRONMENT))?.[0] ?? null
  return {
    by_parent: true,
    entry,
    entries: async () => parse(await run('/bin/ps', ['-ax', ...COLUMNS], ENVIRONMENT)),

    // ps costs milliseconds; if the child was started within one second, that second is its start time.
    startOf: (pid, asked_at) => secondSince(asked_at) ?? entry(pid)?.start ?? null,

    lives: ({ pid }) => sendSignal(pid, 0) !== 'gone',

    async holders(pids, text) {
      const output = pids.length > 0 ? await run('/bin/ps', ['-axEww', '-o', 'pid=,command='], ENVIRONMENT) : null
      const lines = output?.split('\n').filter((row) => ` ${row} `.includes(` ${text} `)) ?? []
      const found = new Set(lines.map((row) => Number.parseInt(row, 10)))
      return { holding: new Set(pids.filter((pid) => found.has(pid))), unreadable: new Set() }
    },

    owner(pid) {
      const uid = runSync('/bin/ps', ['-p', String(pid), '-o', 'uid='], ENVIRONMENT)?.trim()
      return uid ? Number(uid) : null
    },

    // Not kern.boottime: it changes when the clock is set.
    boot: () => runSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], ENVIRONMENT)?.trim() ?? '',
  }
}

/** The second (since the epoch) that contains both `asked_at` and now; null when none does. */
export function secondSince(asked_at: number): string | null {
  const second = Math.floor(asked_at / 1000)
  return Math.floor(Date.now() / 1000) === second ? String(second) : null
}

function parse(output: string | null): ProcessEntry[] | null {
  if (output === null) return null
  return output.split('\n').flatMap((row) => {
    const [, pid, parent, group, session, state = '', start] = LINE.exec(row) ?? []
    if (start === undefined) return []
    return {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      // macOS prints 0 or an address.
      session: /^[1-9]\d*$/.test(session ?? '') ? Number(session) : Number(group),
      start: String(Date.parse(`${start} UTC`) / 1000),
      alive: !state.startsWith('Z'),
      state: state.slice(0, 1),
    }
  })
}
