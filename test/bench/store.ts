import { tmpdir } from 'node:os'
import { newJobId, newToken } from '../../src/domain/ids.ts'
import type { NewJob } from '../../src/domain/job.ts'
import { SETTINGS } from '../../src/domain/settings.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore, StoreRole } from '../../src/store/port.ts'

/** Opens the store at `address`. */
export function open(address: string, role: StoreRole): Promise<JobStore> {
  return openStore({ address, role, data_folder: tmpdir(), is_alive: () => false })
}

/** A job like `enqueue` makes it. */
export function newJob(changes: Partial<NewJob> = {}): NewJob {
  return {
    id: newJobId(),
    command: 'true',
    shell: 'default',
    queue: 'default',
    priority: 0,
    max_retries: SETTINGS.max_retries.default as number,
    max_interruptions: SETTINGS.max_interruptions.default as number,
    backoff_base: SETTINGS.backoff_base.default as number,
    backoff_max: SETTINGS.backoff_max.default as number,
    timeout: null,
    cwd: null,
    env: null,
    run_at: null,
    delay_ms: 0,
    origin_cwd: process.cwd(),
    origin_host: 'bench',
    insert_token: newToken(),
    content_hash: null,
    ...changes,
  }
}

/** Stores `count` jobs, in pieces that fit into memory. */
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
