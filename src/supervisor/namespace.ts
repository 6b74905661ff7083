import { misconfigured } from '../domain/errors.ts'
import type { AnyProcess, ProcessIdentity } from '../domain/processes.ts'
import { timingOf } from '../domain/timing.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'

const LOOK_MS = 100
/** An owner that has not beaten for so long is not at work, by any clock. */
const RECENT_MS = { local: 2 * 60_000, shared: timingOf(true).lease_ms }

/**
 * Refuses (exit 78) a store that somebody works on who would be taken for dead, though nobody here can look at him. In an SQLite file
 * that is a supervisor of another pid namespace (R11): containers that share a volume see each other's pids as strangers', so
 * neither could prove the other's jobs gone. In a store for several hosts it is a host with this host's id, as clones of one
 * machine have: what runs there would look like this host's before its last boot.
 */
export async function refuseSecondNamespace(store: JobStore, self: ProcessIdentity): Promise<void> {
  const beating = await beatingDouble(store, self)
  if (beating === null) return
  if (store.info.shared) {
    throw misconfigured(
      `another host (${beating.host}) with the id of this one, ${self.host_id}, is working on ${store.info.label}`,
      'they are clones of one machine: give one of them an id of its own, in the variable QUEUECTL_HOST_ID',
    )
  }
  throw misconfigured(
    `a supervisor in another container (${beating.id} on ${beating.host}) is working on ${store.info.label}`,
    'share a queue between containers through MongoDB: --db mongodb://…',
  )
}

/** As `refuseSecondNamespace`, for a command that is about to end what dead supervisors of this host left behind. */
export async function refuseDouble(store: JobStore): Promise<void> {
  const self = platform.identify(process.pid)
  if (store.info.shared && self !== null) await refuseSecondNamespace(store, self)
}

/** A row that was left behind does not beat; one that might is watched for two beats. */
async function beatingDouble(store: JobStore, self: ProcessIdentity): Promise<AnyProcess | null> {
  const { beat_ms } = timingOf(store.info.shared)
  const strangers = await foreign(store, self)
  const until = monotonic() + 2.5 * beat_ms
  const first = new Map(strangers.map((row) => [row.id, row.beats]))
  while (first.size > 0 && monotonic() < until) {
    await sleep(LOOK_MS)
    const beating = (await foreign(store, self)).find((row) => first.has(row.id) && first.get(row.id) !== row.beats)
    if (beating !== undefined) return beating
  }
  return null
}

async function foreign(store: JobStore, self: ProcessIdentity): Promise<AnyProcess[]> {
  const { shared } = store.info
  const recent = store.now() - (shared ? RECENT_MS.shared : RECENT_MS.local)
  const isDouble = ({ boot_id, host_id, pid_ns }: ProcessIdentity) =>
    shared ? host_id === self.host_id && boot_id !== self.boot_id : boot_id === self.boot_id && pid_ns !== self.pid_ns
  return (await store.processes()).filter(
    ({ kind, identity, beat_at }) => kind === 'supervisor' && beat_at > recent && isDouble(identity),
  )
}
