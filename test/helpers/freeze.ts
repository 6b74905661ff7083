import { killQuietly } from './processes.ts'
import type { Scene } from './supervised.ts'

/**
 * Stops processes, as far as they still live. One that is stopped in the middle of a commit keeps the store's lock: then everybody
 * waits, which is not what a test of silence is about.
 */
export async function freezeOutsideAWrite(scene: Scene, pids: readonly number[]): Promise<void> {
  const write = () => scene.store.setConfig({ key: 'grace', value: 20 })
  const signal = (name: NodeJS.Signals) => {
    for (const pid of pids) killQuietly(pid, name)
  }
  for (;;) {
    signal('SIGSTOP')
    try {
      return await write()
    } catch {
      signal('SIGCONT')
      // At once it would be stopped in the same commit again.
      await write()
    }
  }
}

/** Kills processes so that none sees another one die, however long this takes: all are stopped first. */
export function killTogether(pids: readonly number[]): void {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of pids) killQuietly(pid, signal)
}
