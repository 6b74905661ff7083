import path from 'node:path'
import { type Diagnosis, fine, problem, warning } from '../domain/diagnosis.ts'
import { effectiveSettings, type LiveSettings } from '../domain/settings.ts'
import { bytes } from '../domain/units.ts'
import { platform } from '../platform/platform.ts'
import { SpaceWatch } from '../platform/space.ts'
import type { JobStore } from '../store/port.ts'
import { lowSpaceText } from '../views/disk-space.ts'
import { inspectModes, isOpenToOthers, type Modes, tighten } from './file-modes.ts'

/** Clocks are sometimes wrong by years: a dead battery, a restored image. */
const PLAUSIBLE = { from: Date.UTC(2026, 0), to: Date.UTC(2100, 0) }

/** The newest job may be from another process, which looked at the clock a little later. */
const AHEAD_MS = 5_000

/** Where the queue lies on this host: file modes, the kind of file system, free space. */
export async function examineHost({
  file,
  store,
}: {
  /** The store's own file; null: it is elsewhere. */
  file: string | null
  /** Null: it could not be opened. */
  store: JobStore | null
}): Promise<Diagnosis[]> {
  const paths = store?.info.paths ?? (file === null ? [] : [file, `${file}.d`])
  if (paths.length === 0) return []
  // What does not open as a queue may be anything: a folder, another program's file. Nothing says that it is ours to tighten.
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
    const message = `not made by queuectl, which neither follows nor removes them: ${some(strange)}`
    findings.push(problem('files', message, 'look at them, then remove them'))
  }
  if (foreign.length > 0) {
    const message = `of another user: ${some(foreign)}`
    findings.push(warning('files', message, 'let one user alone work on a queue: sudo chown -R'))
  }
  if (loose.length > 0) {
    const writable = loose.some((one) => one.writable)
    const others = writable
      ? 'others than their owner may change, and so run commands through,'
      : 'others than their owner may read'
    const message = `${others} ${some(loose.map((one) => `${one.path} (${one.mode.toString(8)})`))}`
    findings.push({
      ...(writable ? problem : warning)('files', message, 'queuectl doctor --fix takes that right away'),
      async mend() {
        tighten(loose)
        return `for their owner alone now: ${loose.length} files and folders`
      },
    })
  }
  return findings.length > 0 ? findings : [fine('files', 'for their owner alone')]
}

/** Whoever may write in the folder may put another file in the place of the queue's. */
function examineFolder(folder: string): Diagnosis[] {
  if (!isOpenToOthers(folder)) return []
  return [problem('files', `others may replace files in ${folder}, the queue’s too`, `chmod go-w '${folder}'`)]
}

function examineFileSystem(file: string): Diagnosis {
  const untrusted = platform.untrustedFileSystem(file)
  if (untrusted !== null) {
    const message = `${file} lies on a ${untrusted} file system, whose locks cannot be trusted`
    return problem('filesystem', message, 'move it to a local disk, or share the queue through MongoDB')
  }
  const volatile = platform.volatileFileSystem(file)
  if (volatile === null) return fine('filesystem', 'a local one')
  return warning('filesystem', `${file} lies in memory (${volatile}): a reboot loses it`, 'move it to a disk')
}

function examineSpace(paths: readonly string[], settings: LiveSettings): Diagnosis {
  const { low } = new SpaceWatch(paths, settings)
  if (low === null) {
    const spaces = paths.flatMap((at) => platform.freeSpace(at) ?? [])
    return fine('space', spaces.length === 0 ? 'the system does not tell' : `${bytes(Math.min(...spaces))} free`)
  }
  const hint = 'make room, or lower the limit: queuectl config set min_free 0'
  return problem('space', `${lowSpaceText(low)}: no job is started`, hint)
}

/** Whether this host's wall clock can be right. */
export async function examineClock(store: JobStore | null): Promise<Diagnosis[]> {
  const now = Date.now()
  const shown = new Date(now).toISOString()
  const hint = 'set the clock, and let it follow NTP: delays and retries are due by it'
  if (now < PLAUSIBLE.from || now > PLAUSIBLE.to) return [problem('clock', `it cannot be ${shown}`, hint)]
  if (store === null || store.info.shared) return []
  const [newest] = await store.list({ sort: 'newest', limit: 1 })
  if (newest === undefined || newest.created_at <= now + AHEAD_MS) return [fine('clock', shown)]
  const behind = `the newest job was enqueued at ${new Date(newest.created_at).toISOString()}`
  return [warning('clock', `it is ${shown}, yet ${behind}: somebody set it back`, hint)]
}

const SHOWN = 3

function some(names: readonly string[]): string {
  const more = names.length - SHOWN
  return `${names.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
