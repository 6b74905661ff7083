import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import type { Bench } from './kit.ts'

/** A file in a separate folder. */
export async function sqliteBench(root = tmpdir()): Promise<Bench> {
  const folder = mkdtempSync(path.join(root, 'queuectl-store-'))
  const address = path.join(folder, 'queue.db')
  const opened: JobStore[] = []
  return {
    address,
    scale: 1,
    hears: true,
    async open(role = 'command') {
      const store = await openStore({ address, role, is_alive: () => false })
      opened.push(store)
      return store
    },
    async endTogether() {
      using db = new DatabaseSync(address)
      db.prepare('UPDATE jobs SET finished_at = ? WHERE finished_at IS NOT NULL').run(Date.now())
    },
    async dispose() {
      for (const store of opened) await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
