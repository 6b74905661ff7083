import { killQuietly } from './processes.ts'
import type { Scene } from './supervised.ts'
import { waitFor } from './wait-for.ts'

/**
 * Stops processes that still live. A process that is stopped in the middle of a commit keeps the store's lock: then all
 * others wait, which is not what a test of silence is about.
 */
export async function freezeOutsideAWrite(scene: Scene, pids: readonly number[]): Promise<void> {
  const writes = () =>
    scene.store.setConfig({ key: 'grace', value: 20 }).then(
      () => true,
      () => false,
    )
  const signal = (name: NodeJS.Signals) => {
    for (const pid of pids) killQuietly(pid, name)
  }
  for (;;) {
    signal('SIGSTOP')
    if (await writes()) return
    signal('SIGCONT')
    // Without the wait it would be stopped in the same commit again.
    await waitFor(writes, { within: 30_000, what: 'the store can be written' })
  }
}

/** Kills processes so that none sees another one die, however long this takes: all are stopped first. */
export function killTogether(pids: readonly number[]): void {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of pids) killQuietly(pid, signal)
}
