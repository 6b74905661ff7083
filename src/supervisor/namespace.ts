import { misconfigured } from '../domain/errors.ts'
import type { AnyProcess, ProcessIdentity } from '../domain/processes.ts'
import { timingOf } from '../domain/timing.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import { platform } from '../platform/platform.ts'
import type { JobStore } from '../store/port.ts'

const CHECK_MS = 100
/** An owner without a heartbeat for this long is not active, by any clock. */
const RECENT_MS = { local: 2 * 60_000, shared: timingOf(true).lease_ms }

/**
 * Refuses (exit 78) a store with an active supervisor whose processes would look dead from here. On an SQLite file that
 * is a supervisor of another pid namespace (R11): containers that share a volume cannot see each other's processes, so
 * neither could prove the other's jobs gone. On a shared store it is a host with the same host ID, as clones of one
 * machine have: its processes would look like those of this host before its last boot.
 */
export async function refuseSecondNamespace(store: JobStore, self: ProcessIdentity): Promise<void> {
  const beating = await beatingDouble(store, self)
  if (beating === null) return
  if (store.info.shared) {
    throw misconfigured(
      `another host (${beating.host}) with the same host ID (${self.host_id}) is using ${store.info.label}`,
      'clones of one machine have the same ID: set another one on this host in QUEUECTL_HOST_ID',
    )
  }
  throw misconfigured(
    `a supervisor in another container (${beating.id} on ${beating.host}) is using ${store.info.label}`,
    'to share a queue between containers, use MongoDB: --db mongodb://…',
  )
}

/** As `refuseSecondNamespace`, for a command that is about to end processes of dead supervisors on this host. */
export async function refuseDouble(store: JobStore): Promise<void> {
  const self = platform.identify(process.pid)
  if (store.info.shared && self !== null) await refuseSecondNamespace(store, self)
}

/**
 * Watches recent rows for two heartbeats: the row of a dead supervisor gets none. Returns the first row that does;
 * null: none.
 */
async function beatingDouble(store: JobStore, self: ProcessIdentity): Promise<AnyProcess | null> {
  const { beat_ms } = timingOf(store.info.shared)
  const strangers = await foreign(store, self)
  const until = monotonic() + 2.5 * beat_ms
  const first = new Map(strangers.map((row) => [row.id, row.beats]))
  while (first.size > 0 && monotonic() < until) {
    await sleep(CHECK_MS)
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
