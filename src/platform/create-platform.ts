import type { Shell } from '../domain/job.ts'
import { hostIdentity } from './host.ts'
import { sendSignal } from './kill.ts'
import type { Carrier, ForkOptions, JobCommand, Platform, StartedJob } from './platform.ts'
import type { ProcessTable } from './process-table.ts'
import { freeSpace } from './space.ts'
import type { TreeSystem } from './tree.ts'
import { endTree, treeLives } from './tree-end.ts'
import { usage } from './usage.ts'

/** What differs between systems. */
export interface Parts {
  table: ProcessTable
  has_signals: boolean
  fork_options?: ForkOptions
  killDescent?(pid: number): Promise<void>
  unrunnable(job: { command: string; shell: Shell }): string | null
  commandLine(words: readonly string[], shell: Shell): string
  json_hint: string
  start(job: JobCommand): StartedJob
  dataFolder(): string
  untrustedFileSystem(path: string): string | null
  volatileFileSystem?(path: string): string | null
  /** Replaced in tests. */
  send?: typeof sendSignal
}

/** Builds a platform from the parts of one system. */
export function createPlatform(parts: Parts): Platform {
  const { table, has_signals, send = sendSignal } = parts
  const host = () => hostIdentity(table.boot)
  const { killDescent } = parts
  const system: TreeSystem = { table, send, has_signals, killDescent, uid: process.getuid?.() ?? -1 }

  const platform: Platform = {
    has_signals,
    fork_options: parts.fork_options ?? {},

    identify(pid) {
      const entry = table.entry(pid)
      return entry?.alive ? { ...host(), pid, start: entry.start } : null
    },

    liveness({ host_id, boot_id, pid_ns, pid, start }) {
      const here = host()
      if (host_id !== here.host_id) return 'elsewhere'
      if (boot_id !== here.boot_id) return 'gone'
      if (pid_ns !== here.pid_ns) return 'elsewhere'
      if (!isPid(pid) || send(pid, 0) === 'gone') return 'gone'
      const entry = table.entry(pid)
      // The system hides this process from us, so it may be the one we look for (R4).
      if (entry === null) return send(pid, 0) === 'refused' ? 'alive' : 'gone'
      return entry.alive && entry.start === start ? 'alive' : 'gone'
    },

    signal(identity, signal) {
      // Without signals every signal kills the process, so only SIGKILL, which means that, is sent.
      if (!has_signals && signal !== 'SIGKILL') return false
      return platform.liveness(identity) === 'alive' && send(identity.pid, signal) === 'sent'
    },

    unrunnable: parts.unrunnable,
    commandLine: parts.commandLine,
    json_hint: parts.json_hint,

    start(job) {
      const message = parts.unrunnable(job)
      return message === null
        ? parts.start(job)
        : { pid: null, start: null, ended: Promise.resolve({ kind: 'error', message }) }
    },

    treeLives: (tree, { sweep }) => treeLives(system, tree, sweep),

    async carriers() {
      const entries = table.environment ? await table.entries() : null
      if (entries === null) return null
      return entries.flatMap(({ pid, alive }) =>
        alive ? (carrierIn(pid, table.environment?.(pid) ?? null) ?? []) : [],
      )
    },

    endTree: (tree, options) => endTree(system, tree, options),
    dataFolder: parts.dataFolder,
    untrustedFileSystem: parts.untrustedFileSystem,
    volatileFileSystem: parts.volatileFileSystem ?? (() => null),
    freeSpace,
    usage,

    async sessionPids(pids) {
      const sessions = new Map(pids.map((pid) => [pid, new Set([pid])]))
      // Without sessions, finding the members would take a program; the figure of the shell alone is useful too.
      const entries = has_signals ? await table.entries() : null
      for (const { pid, session } of entries ?? []) sessions.get(session)?.add(pid)
      return new Map([...sessions].map(([pid, members]) => [pid, [...members]]))
    },
  }
  return platform
}

function carrierIn(pid: number, environment: ReadonlyMap<string, string> | null): Carrier | null {
  const token = environment?.get('QUEUECTL_LEASE')
  if (!token) return null
  return { pid, token, job: environment?.get('QUEUECTL_JOB_ID') ?? '', store: environment?.get('QUEUECTL_DB') ?? null }
}

function isPid(pid: number): boolean {
  return Number.isInteger(pid) && pid > 1
}
