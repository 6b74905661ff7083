import path from 'node:path'
import { type Diagnosis, fine, problem, warning } from '../domain/diagnosis.ts'
import { effectiveSettings, type LiveSettings } from '../domain/settings.ts'
import { bytes } from '../domain/units.ts'
import { platform } from '../platform/platform.ts'
import { SpaceWatch } from '../platform/space.ts'
import type { JobStore } from '../store/port.ts'
import { lowSpaceText } from '../views/disk-space.ts'
import { inspectModes, isOpenToOthers, type Modes, tighten } from './file-modes.ts'

/** Clocks can be wrong by years: a dead battery, a restored image. */
const PLAUSIBLE = { from: Date.UTC(2026, 0), to: Date.UTC(2100, 0) }

/** The newest job may be from another process that read the clock a little later. */
const AHEAD_MS = 5_000

/** Checks the queue's files on this host: modes, kind of file system, free space. */
export async function examineHost({
  file,
  store,
}: {
  /** The store's file; null for a store on a server. */
  file: string | null
  /** Null if it cannot be opened. */
  store: JobStore | null
}): Promise<Diagnosis[]> {
  const paths = store?.info.paths ?? (file === null ? [] : [file, `${file}.d`])
  if (paths.length === 0) return []
  // What does not open as a queue may be a folder or another program's file: its modes are not ours to change.
  const modes =
    store === null ? null : inspectModes([...paths, ...(file === null ? [] : [`${file}-wal`, `${file}-shm`])])
  return [
    ...(modes === null ? [] : examineModes(modes)),
    ...(file === null ? [] : [...examineFolder(path.dirname(file)), examineFileSystem(file)]),
    examineSpace(paths, effectiveSettings(store === null ? {} : await store.config())),
  ]
}

function examineModes(modes: Modes): Diagnosis[] {
  const { loose, strange, foreign } = modes
  const findings: Diagnosis[] = []
  if (strange.length > 0) {
    const message = `not created by queuectl, which neither follows nor removes them: ${some(strange)}`
    findings.push(problem('files', message, 'check them, then remove them'))
  }
  if (foreign.length > 0) {
    const message = `owned by another user: ${some(foreign)}`
    findings.push(warning('files', message, 'use a queue as one user only: sudo chown -R'))
  }
  if (loose.length > 0) {
    const writable = loose.some((one) => one.writable)
    const access = writable ? 'writable by other users, who can run commands through them' : 'readable by other users'
    const message = `${access}: ${some(loose.map((one) => `${one.path} (${one.mode.toString(8)})`))}`
    findings.push({
      ...(writable ? problem : warning)('files', message, 'queuectl doctor --fix restricts them to their owner'),
      async mend() {
        tighten(loose)
        return `restricted to their owner: ${loose.length} ${loose.length === 1 ? 'file or folder' : 'files and folders'}`
      },
    })
  }
  return findings.length > 0 ? findings : [fine('files', 'restricted to their owner')]
}

/** A user with write permission for the folder can replace the queue's file. */
function examineFolder(folder: string): Diagnosis[] {
  if (!isOpenToOthers(folder)) return []
  return [problem('files', `other users can replace files in ${folder}, also the queue’s`, `chmod go-w '${folder}'`)]
}

function examineFileSystem(file: string): Diagnosis {
  const untrusted = platform.untrustedFileSystem(file)
  if (untrusted !== null) {
    const message = `${file} is on a ${untrusted} file system, whose locks are unreliable`
    return problem('filesystem', message, 'move it to a local disk, or share the queue through MongoDB')
  }
  const volatile = platform.volatileFileSystem(file)
  if (volatile === null) return fine('filesystem', 'local')
  return warning('filesystem', `${file} is in memory (${volatile}): a reboot deletes it`, 'move it to a disk')
}

function examineSpace(paths: readonly string[], settings: LiveSettings): Diagnosis {
  const { low } = new SpaceWatch(paths, settings)
  if (low === null) {
    const spaces = paths.flatMap((at) => platform.freeSpace(at) ?? [])
    return fine('space', spaces.length === 0 ? 'free space unknown' : `${bytes(Math.min(...spaces))} free`)
  }
  const hint = 'free some space, or lower the limit: queuectl config set min_free 0'
  return problem('space', `${lowSpaceText(low)}: no job starts`, hint)
}

/** Checks whether this host's wall clock can be right. */
export async function examineClock(store: JobStore | null): Promise<Diagnosis[]> {
  const now = Date.now()
  const shown = new Date(now).toISOString()
  const hint = 'set the clock and synchronize it with NTP: delays and retries depend on it'
  if (now < PLAUSIBLE.from || now > PLAUSIBLE.to) return [problem('clock', `implausible time ${shown}`, hint)]
  if (store === null || store.info.shared) return []
  const [newest] = await store.list({ sort: 'newest', limit: 1 })
  if (newest === undefined || newest.created_at <= now + AHEAD_MS) return [fine('clock', shown)]
  const enqueued = `the newest job was enqueued at ${new Date(newest.created_at).toISOString()}`
  return [warning('clock', `it is ${shown}, but ${enqueued}: the clock was set back`, hint)]
}

const SHOWN = 3

function some(names: readonly string[]): string {
  const more = names.length - SHOWN
  return `${names.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
