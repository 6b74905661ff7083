import { readFileSync, readlinkSync } from 'node:fs'
import { os } from '../lib/lazy.ts'

export interface HostIdentity {
  host_id: string
  boot_id: string
  pid_ns: string
}

let known: HostIdentity | null = null
let id: string | null = null

/** Machine, boot and pid namespace of this process; a value that cannot be read is empty. */
export function hostIdentity(boot: () => string): HostIdentity {
  known ??= {
    host_id: hostId(),
    boot_id: boot(),
    pid_ns: pidNamespace(),
  }
  return known
}

/** Permanent ID of this machine; QUEUECTL_HOST_ID replaces it where machines are clones of each other. */
export function hostId(): string {
  id ??= process.env.QUEUECTL_HOST_ID || machineId() || os().hostname()
  return id
}

/** The file is empty, or contains `uninitialized`, in images that were never booted (machine-id(5)). */
function machineId(): string | null {
  const id = read('/etc/machine-id')
  return /^[0-9a-f]{32}$/.test(id) ? id : null
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
