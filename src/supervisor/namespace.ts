import { misconfigured } from '../domain/errors.ts'
import type { AnyProcess, ProcessIdentity } from '../domain/process.ts'
import { TIMING } from '../domain/timing.ts'
import { monotonic, sleep } from '../platform/clock.ts'
import type { JobStore } from '../store/port.ts'

const LOOK_MS = 100

/**
 * Refuses (exit 78) a store file that a supervisor of another pid namespace is working on (R11): containers that share
 * a volume see each other's pids as strangers', so neither could prove the other's jobs gone. A row that was left behind
 * does not beat; one that might is watched for two beats.
 */
export async function refuseSecondNamespace(store: JobStore, self: ProcessIdentity): Promise<void> {
  if (store.info.shared) return
  const strangers = await foreign(store, self)
  const until = monotonic() + 2.5 * TIMING.local.beat_ms
  const first = new Map(strangers.map((row) => [row.id, row.beats]))
  while (first.size > 0 && monotonic() < until) {
    await sleep(LOOK_MS)
    const beating = (await foreign(store, self)).find((row) => first.has(row.id) && first.get(row.id) !== row.beats)
    if (beating === undefined) continue
    throw misconfigured(
      `a supervisor in another container (${beating.id} on ${beating.host}) is working on ${store.info.label}`,
      'share a queue between containers through MongoDB: --db mongodb://…',
    )
  }
}

async function foreign(store: JobStore, self: ProcessIdentity): Promise<AnyProcess[]> {
  const rows = await store.processes()
  const recent = store.now() - 2 * 60_000
  return rows.filter(
    ({ kind, identity, beat_at }) =>
      kind === 'supervisor' && identity.boot_id === self.boot_id && identity.pid_ns !== self.pid_ns && beat_at > recent,
  )
}
