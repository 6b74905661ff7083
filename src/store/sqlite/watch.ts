import { type FSWatcher, watch } from 'node:fs'
import type { Hint } from '../port.ts'
import type { Connection } from './connection.ts'

// The event may precede the visible commit: a single check misses some (p99 82 ms), two more reduce that to 0.6 ms.
const RECHECK_MS = [2, 15] as const
// A synced commit becomes visible when the disk has answered, without an event; a busy disk takes its time.
const SYNCED_MS = [60, 250] as const
const REARM_MS = 1000

/**
 * Calls `onChange` soon after another connection has committed: watches the write-ahead log, and uses SQLite's data
 * version to distinguish others' commits from ours. Where no watch is available (EMFILE, ENOSPC) it stays silent and
 * retries every second: the caller polls anyway.
 */
export function watchCommits(db: Connection, onChange: (hint: Hint) => void): { close(): void } {
  let watcher: FSWatcher | null = null
  let timers: NodeJS.Timeout[] = []
  let seen = look(db)

  const check = () => {
    const version = look(db)
    if (version === null || version === seen) return
    seen = version
    onChange('anything')
  }
  const later = (ms: number, act: () => void) => timers.push(setTimeout(act, ms).unref())
  const disarm = () => {
    watcher?.close()
    watcher = null
    timers.forEach(clearTimeout)
    timers = []
  }
  const again = () => {
    disarm()
    later(REARM_MS, arm)
  }
  // A commit causes a dozen events, and a busy queue makes hundreds of commits per second: after the first event the
  // watch is closed until the last check.
  const onEvent = (event: string) => {
    disarm()
    check()
    later(RECHECK_MS[0], check)
    later(event === 'rename' ? REARM_MS : RECHECK_MS[1], arm)
    for (const ms of SYNCED_MS) later(ms, check)
  }
  const arm = () => {
    try {
      watcher = watch(`${db.path}-wal`, { persistent: false }, onEvent).on('error', again)
      check()
    } catch {
      again()
    }
  }

  arm()
  return { close: disarm }
}

/** Null when unknown: locked just now, or closed. */
function look(db: Connection): number | null {
  try {
    return db.dataVersion()
  } catch {
    return null
  }
}
