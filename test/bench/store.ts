import { tmpdir } from 'node:os'
import type { NewJob } from '../../src/domain/job.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore, StoreRole } from '../../src/store/port.ts'
import { newJob as plainJob } from '../helpers/new-job.ts'

/** Opens the store at `address`. */
export function open(address: string, role: StoreRole): Promise<JobStore> {
  return openStore({ address, role, data_folder: tmpdir(), is_alive: () => false })
}

/** A job as `enqueue` would create it here. */
export function newJob(changes: Partial<NewJob> = {}): NewJob {
  return plainJob({ origin_cwd: process.cwd(), origin_host: 'bench', ...changes })
}

/** Stores `count` jobs, in batches that fit into memory. */
export async function fill(address: string, count: number, changes: Partial<NewJob> = {}): Promise<void> {
  const store = await open(address, 'command')
  try {
    for (let stored = 0; stored < count; stored += 50_000) {
      const jobs = Array.from({ length: Math.min(50_000, count - stored) }, () => newJob(changes))
      await store.insert({ jobs })
    }
  } finally {
    await store.close()
  }
}
