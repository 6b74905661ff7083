import path from 'node:path'
import { createPlatform } from './create-platform.ts'
import { homeFolder } from './home.ts'
import type { Platform } from './platform.ts'
import { loadPosixSpawn, type PosixSpawn } from './posix-spawn.ts'
import type { ProcessTable } from './process-table.ts'
import { shQuote } from './shell-quote.ts'
import { fileSystemAt } from './space.ts'
import { startFast, startShell } from './start.ts'

/** Magic numbers (statfs(2)) of file systems on which SQLite's locks or shared memory cannot be trusted. */
const UNTRUSTED: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4266872130: 'SMB',
  4283649346: 'CIFS',
  16914839: '9p',
  // sshfs and similar, and virtiofs, which has the same number.
  1702057286: 'FUSE',
  12805120: 'Ceph',
  198183888: 'Lustre',
  1397113167: 'AFS',
  2020557398: 'vboxsf',
}

/** File systems in memory. */
const VOLATILE: Readonly<Record<number, string>> = { 16914836: 'tmpfs', 2240043254: 'ramfs' }

/** Linux and macOS; they differ in how processes are read and where data lies. */
export function posix(table: ProcessTable, options: { mac: boolean }): Platform {
  /** Loaded with the first job, because only workers start jobs. */
  let fast: PosixSpawn | null | undefined

  const kindOf = (file: string) => (options.mac ? 0 : (fileSystemAt(file)?.type ?? 0) >>> 0)

  return createPlatform({
    table,
    has_signals: true,
    unrunnable: ({ shell }) => (shell === 'default' ? null : `no shell "${shell}" on this system`),
    commandLine: shQuote,
    json_hint: `write '{"command":"echo hi"}', or use a plain command: queuectl enqueue -- COMMAND`,

    start(job) {
      // `--` ends the options: a command may begin with a hyphen. The environment is copied because a packager's spawn
      // writes to it.
      const call = { file: '/bin/sh', args: ['-c', '--', job.command], env: { ...job.env }, gated: false }
      // Where libuv does not fork, posix_spawn gains nothing.
      if (fast === undefined) fast = options.mac ? null : loadPosixSpawn()
      return (fast && startFast(fast, call, job, table)) ?? startShell(call, job, table)
    },

    dataFolder() {
      const { QUEUECTL_HOME, XDG_DATA_HOME } = process.env
      if (QUEUECTL_HOME) return path.resolve(QUEUECTL_HOME)
      if (options.mac) return path.join(homeFolder(), 'Library', 'Application Support', 'queuectl')
      // A relative path must be ignored (XDG Base Directory Specification).
      const data =
        XDG_DATA_HOME && path.isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : path.join(homeFolder(), '.local', 'share')
      return path.join(data, 'queuectl')
    },

    // The numbers are Linux's; on macOS Node does not provide the type.
    untrustedFileSystem: (file) => UNTRUSTED[kindOf(file)] ?? null,
    volatileFileSystem: (file) => VOLATILE[kindOf(file)] ?? null,
  })
}
