import type { LowSpace } from '../domain/processes.ts'
import type { LiveSettings } from '../domain/settings.ts'
import { bytes } from '../domain/units.ts'
import { os } from '../lib/lazy.ts'
import { SpaceWatch } from '../platform/space.ts'
import type { JobStore } from '../store/port.ts'
import { isServing, isSupervisor, type Seen } from './process-view.ts'

/**
 * Disks with so little space that no job is started, with their hosts. A queue of this host alone is looked at from here, since a full disk
 * may keep its supervisor from saying so; of other hosts only their supervisors know.
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

/** Why no job is started, in words. */
export function lowSpaceText({ path, free, min_free }: LowSpace): string {
  return `${bytes(free)} free at ${path}, less than min_free (${bytes(min_free)})`
}
