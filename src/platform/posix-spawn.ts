import { closeSync, openSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { os } from '../lib/lazy.ts'
import { nativeFunctions } from './ffi.ts'
import type { ExitStatus } from './platform.ts'

// On Linux libuv forks: this copies the whole page table, and the worker's loop stands still until the child has called
// exec (libuv issues 2133 and 1715). posix_spawn(3) of the C library shares the memory instead and takes a third of the
// time per job. It is reached through Node's experimental FFI, so all of this may be missing; jobs are then started
// without it.

/** The program to start, with its files and folder. */
export interface SpawnCall {
  file: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
  output_fd: number
}

export type Spawned = { pid: number; ended: Promise<ExitStatus> } | { error: string }

/**
 * Starts programs without forking, each in its own session, with /dev/null as input and all signals at their defaults.
 */
export type PosixSpawn = (call: SpawnCall) => Spawned

/** Flags of spawn.h, the same in glibc and musl. */
const FLAGS = 0x80 /* SETSID */ | 0x04 /* SETSIGDEF */ | 0x08 /* SETSIGMASK */
const WNOHANG = 1
/** Larger than the C library's opaque structures on any system that has them (glibc: 336, 80 and 128 bytes). */
const OPAQUE_BYTES = 1024
/** SIGCHLD is only a hint: one signal may stand for several exits. */
const SAFETY_MS = 1_000

const SIGNATURES = {
  posix_spawn: ['pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'pointer'],
  posix_spawnattr_init: ['pointer'],
  posix_spawnattr_setflags: ['pointer', 'i16'],
  posix_spawnattr_setsigdefault: ['pointer', 'pointer'],
  posix_spawnattr_setsigmask: ['pointer', 'pointer'],
  posix_spawn_file_actions_init: ['pointer'],
  posix_spawn_file_actions_destroy: ['pointer'],
  posix_spawn_file_actions_adddup2: ['pointer', 'i32', 'i32'],
  posix_spawn_file_actions_addchdir_np: ['pointer', 'pointer'],
  sigfillset: ['pointer'],
  sigemptyset: ['pointer'],
  waitpid: ['i32', 'pointer', 'i32'],
} as const

type Libc = Record<keyof typeof SIGNATURES, (...args: unknown[]) => number>

/** The fast way to start programs; null where it is unavailable or fails its self-test. */
export function loadPosixSpawn(): PosixSpawn | null {
  if (process.env.QUEUECTL_PLAIN_SPAWN) return null
  try {
    const libc = loadLibc()
    const spawn = createSpawn(libc)
    return passesTest(libc, spawn) ? spawn.start : null
  } catch {
    // No FFI in this build or under this policy, or a C library without these functions: plain spawn works as well.
    return null
  }
}

function loadLibc(): Libc {
  const signatures = Object.entries(SIGNATURES).map(([name, args]) => [name, { arguments: args, return: 'i32' }])
  return nativeFunctions(null, Object.fromEntries(signatures)) as Libc
}

function createSpawn(libc: Libc) {
  const actions = Buffer.alloc(OPAQUE_BYTES)
  const attributes = Buffer.alloc(OPAQUE_BYTES)
  const signals = Buffer.alloc(OPAQUE_BYTES)
  const number = new Int32Array(1)
  const null_fd = openSync('/dev/null', 'r')
  /** Memory passed to native code: must not be collected while it is in use. */
  const held = new Set<unknown>()
  libc.posix_spawnattr_init(attributes)
  libc.posix_spawnattr_setflags(attributes, FLAGS)
  libc.sigfillset(signals)
  libc.posix_spawnattr_setsigdefault(attributes, signals)
  libc.sigemptyset(signals)
  libc.posix_spawnattr_setsigmask(attributes, signals)
  const reaper = createReaper(libc)

  function spawn({ file, args, env, cwd, output_fd }: SpawnCall): number {
    const argv = stringArray([file, ...args])
    const envp = stringArray(Object.entries(env).map(([name, value]) => `${name}=${value}`))
    const [path, folder] = [cString(file), cString(cwd)]
    held.add([argv, envp, path, folder])
    libc.posix_spawn_file_actions_init(actions)
    try {
      libc.posix_spawn_file_actions_addchdir_np(actions, folder)
      libc.posix_spawn_file_actions_adddup2(actions, null_fd, 0)
      libc.posix_spawn_file_actions_adddup2(actions, output_fd, 1)
      libc.posix_spawn_file_actions_adddup2(actions, output_fd, 2)
      return -libc.posix_spawn(number, path, actions, attributes, argv.pointers, envp.pointers) || (number[0] ?? 0)
    } finally {
      libc.posix_spawn_file_actions_destroy(actions)
      held.clear()
    }
  }

  return {
    /** Returns the pid, or a negative errno. */
    spawn,
    start(call: SpawnCall): Spawned {
      const pid = spawn(call)
      return pid > 0 ? { pid, ended: reaper.await(pid) } : { error: getSystemErrorName(pid) }
    },
  }
}

/** Waits for our own children, each by its pid, as libuv does for its own: neither reaps the other's children. */
function createReaper(libc: Libc) {
  const waiting = new Map<number, (status: ExitStatus) => void>()
  const status = new Int32Array(1)
  let timer: NodeJS.Timeout | null = null

  const collect = () => {
    for (const [pid, resolve] of waiting) {
      const found = libc.waitpid(pid, status, WNOHANG)
      if (found === 0) continue
      waiting.delete(pid)
      resolve(found === pid ? exitStatusOf(status[0] ?? 0) : { kind: 'error', message: `lost track of process ${pid}` })
    }
    if (waiting.size === 0 && timer !== null) {
      clearInterval(timer)
      timer = null
    }
  }
  process.on('SIGCHLD', collect)
  return {
    await(pid: number): Promise<ExitStatus> {
      timer ??= setInterval(collect, SAFETY_MS)
      return new Promise((resolve) => waiting.set(pid, resolve))
    },
  }
}

/** Starts a shell that exits with an unusual code: proof that structures, flags and pointers are right. */
function passesTest(libc: Libc, { spawn }: ReturnType<typeof createSpawn>): boolean {
  const status = new Int32Array(1)
  const output_fd = openSync('/dev/null', 'w')
  const pid = spawn({ file: '/bin/sh', args: ['-c', 'exit $Q'], env: { Q: '113' }, cwd: '/', output_fd })
  closeSync(output_fd)
  return pid > 1 && libc.waitpid(pid, status, 0) === pid && status[0] === 113 << 8
}

/** Decodes a wait status (wait.h) into how a process exited. */
function exitStatusOf(status: number): ExitStatus {
  const number = status & 0x7f
  if (number === 0) return { kind: 'exit', exit_code: (status >> 8) & 0xff }
  const [signal] = Object.entries(os().constants.signals).find(([, value]) => value === number) ?? [`SIG${number}`]
  return { kind: 'signal', signal }
}

function cString(text: string): Buffer {
  if (text.includes('\0')) throw new RangeError('contains a NUL byte')
  return Buffer.from(`${text}\0`)
}

/** A NULL-terminated array of C strings; `strings` is the memory that `pointers` points to. */
function stringArray(values: readonly string[]): { pointers: BigUint64Array; strings: Buffer } {
  const { getRawPointer } = process.getBuiltinModule('node:ffi')
  const encoded = values.map(cString)
  const strings = Buffer.concat(encoded)
  const pointers = new BigUint64Array(values.length + 1)
  let at = getRawPointer(strings)
  for (const [index, { length }] of encoded.entries()) {
    pointers[index] = at
    at += BigInt(length)
  }
  return { pointers, strings }
}
