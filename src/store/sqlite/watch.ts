import { type FSWatcher, watch } from 'node:fs'
import type { Connection } from './connection.ts'

// The event may come before the commit can be seen: a single check misses some (p99 82 ms), two more make it 0.6 ms.
const RECHECK_MS = [2, 15] as const
const REARM_MS = 1000

/**
 * Calls `onChange` soon after another connection has committed: an eye on the write-ahead log, and SQLite's own data version to
 * tell others' commits from ours. Where no watch is to be had (EMFILE, ENOSPC) it is silent and tries again each second: the
 * caller polls anyway.
 */
export function watchCommits(db: Connection, onChange: () => void): { close(): void } {
  let watcher: FSWatcher | null = null
  let timers: NodeJS.Timeout[] = []
  let rearm: NodeJS.Timeout | undefined
  let seen = look(db)
  let checkedAt = 0

  const check = () => {
    const version = look(db)
    if (version === null || version === seen) return
    seen = version
    onChange()
  }
  const onEvent = (event: string) => {
    if (event === 'rename') return again()
    // Within a burst the check that is due 2 ms after its first event speaks for the rest.
    const at = performance.now()
    if (at - checkedAt < RECHECK_MS[0]) return
    checkedAt = at
    check()
    timers.forEach(clearTimeout)
    timers = RECHECK_MS.map((ms) => setTimeout(check, ms).unref())
  }
  const again = () => {
    watcher?.close()
    watcher = null
    clearTimeout(rearm)
    rearm = setTimeout(arm, REARM_MS).unref()
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
  return {
    close() {
      watcher?.close()
      clearTimeout(rearm)
      timers.forEach(clearTimeout)
    },
  }
}

/** Null when it cannot be told: locked just now, or closed. */
function look(db: Connection): number | null {
  try {
    return db.dataVersion()
  } catch {
    return null
  }
}
