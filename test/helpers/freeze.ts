import type { Scene } from './supervised.ts'

/**
 * Stops processes. One that is stopped in the middle of a commit keeps the store's lock: then everybody waits, which is not what a
 * test of silence is about.
 */
export async function freezeOutsideAWrite(scene: Scene, pids: readonly number[]): Promise<void> {
  for (;;) {
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    try {
      return await scene.store.setConfig({ key: 'grace', value: 20 })
    } catch {
      for (const pid of pids) process.kill(pid, 'SIGCONT')
    }
  }
}
