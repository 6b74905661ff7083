import type { LowSpace } from '../domain/processes.ts'
import type { LiveSettings } from '../domain/settings.ts'
import { bytes } from '../domain/units.ts'
import { os } from '../lib/lazy.ts'
import { SpaceWatch } from '../platform/space.ts'
import type { JobStore } from '../store/port.ts'
import { isServing, isSupervisor, type Seen } from './process-view.ts'

/**
 * Disks with too little space to start jobs, with their hosts. The disks of an embedded store are checked directly: a
 * full disk may keep its supervisor from reporting. With a shared store, the supervisors report for their hosts.
 */
export function lowSpaces(
  { info }: JobStore,
  processes: readonly Seen[],
  settings: LiveSettings,
): (LowSpace & { host: string })[] {
  if (!info.shared) {
    const { low } = new SpaceWatch(info.paths, settings)
    return low === null ? [] : [{ host: os().hostname(), ...low }]
  }
  const supervisors = processes.filter(isSupervisor).filter(isServing)
  return supervisors.flatMap(({ host, low_space }) => (low_space ? [{ host, ...low_space }] : []))
}

/** The reason why no job starts, as text. */
export function lowSpaceText({ path, free, min_free }: LowSpace): string {
  return `${bytes(free)} free at ${path}, less than min_free (${bytes(min_free)})`
}
