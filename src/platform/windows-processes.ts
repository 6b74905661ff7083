import { nativeFunctions } from './ffi.ts'
import type { ProcessEntry } from './process-table.ts'

// The kernel lists processes in some milliseconds; PowerShell takes half a second, for each job.

/** TH32CS_SNAPPROCESS and PROCESS_QUERY_LIMITED_INFORMATION. */
const PROCESSES = 2
const LIMITED = 0x1000
/** PROCESSENTRY32W on 64 bits: its size, and the offsets of its fields. */
const ENTRY = { bytes: 568, pid: 8, parent: 32 }
/** Seconds from 1601, where Windows counts from in steps of 100 ns, to 1970. */
const EPOCH_S = 11_644_473_600n
const STEPS_PER_S = 10_000_000n

const pointers = (count: number) => Array<string>(count).fill('pointer')

const SIGNATURES = {
  CreateToolhelp32Snapshot: { arguments: ['u32', 'u32'], return: 'pointer' },
  Process32FirstW: { arguments: pointers(2), return: 'i32' },
  Process32NextW: { arguments: pointers(2), return: 'i32' },
  OpenProcess: { arguments: ['u32', 'i32', 'u32'], return: 'pointer' },
  GetProcessTimes: { arguments: pointers(5), return: 'i32' },
  CloseHandle: { arguments: pointers(1), return: 'i32' },
} as const

/** The functions of kernel32.dll in use. Handles are numbers; 0 or all ones means none. */
export type Kernel = Record<keyof typeof SIGNATURES, (...args: unknown[]) => number | bigint>

/** All processes; null where they cannot be listed this way. */
export type ProcessLister = () => ProcessEntry[] | null

/** Lists processes through the kernel, loaded by the first call; tests may replace `load`. */
export function processLister(load: () => Kernel = () => nativeFunctions('kernel32.dll', SIGNATURES)): ProcessLister {
  let kernel: Kernel | null | undefined
  return () => {
    try {
      if (kernel === undefined) kernel = load()
      return kernel && listed(kernel)
    } catch {
      // No FFI in this build or under this policy: use the slow way from now on.
      kernel = null
      return null
    }
  }
}

function listed(kernel: Kernel): ProcessEntry[] | null {
  const snapshot = kernel.CreateToolhelp32Snapshot(PROCESSES, 0)
  if (isNone(snapshot)) return null
  const entry = Buffer.alloc(ENTRY.bytes)
  entry.writeUInt32LE(ENTRY.bytes)
  const found: ProcessEntry[] = []
  for (let more = kernel.Process32FirstW(snapshot, entry); more; more = kernel.Process32NextW(snapshot, entry)) {
    const pid = entry.readUInt32LE(ENTRY.pid)
    const start = startOf(kernel, pid)
    found.push({ pid, parent: entry.readUInt32LE(ENTRY.parent), group: 0, session: 0, start, alive: true, state: '' })
  }
  kernel.CloseHandle(snapshot)
  // The list contains at least this process.
  return found.length > 0 ? found : null
}

/** In whole seconds since 1970, as PowerShell reports it; 0 for a system process, which nobody may open. */
function startOf(kernel: Kernel, pid: number): string {
  const handle = kernel.OpenProcess(LIMITED, 0, pid)
  if (isNone(handle)) return '0'
  const [created, ...others] = Array.from({ length: 4 }, () => Buffer.alloc(8))
  const known = kernel.GetProcessTimes(handle, created, ...others)
  kernel.CloseHandle(handle)
  return known && created ? String(created.readBigUInt64LE() / STEPS_PER_S - EPOCH_S) : '0'
}

function isNone(handle: number | bigint): boolean {
  return handle === 0 || handle === 0n || BigInt.asIntN(64, BigInt(handle)) === -1n
}
