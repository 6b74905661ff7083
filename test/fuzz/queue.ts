import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { decide, type Outcome } from '../../src/domain/outcome.ts'
import { logPath } from '../../src/logs/log-path.ts'
import { openStore } from '../../src/store/open.ts'
import type { JobStore } from '../../src/store/port.ts'
import { beatOf, claimOf, newJob } from '../contract/kit.ts'
import { MEMORY, tempFolder } from '../helpers/temp.ts'
import type { IDS } from './words.ts'

/**
 * Puts a job in every state into `store`, with that state as its id, and runs, outputs, processes, requests and
 * settings.
 */
export async function populate(store: JobStore): Promise<void> {
  const end = async (id: (typeof IDS)[number], outcome: Outcome | null, max_retries = 0) => {
    await store.insert({ jobs: [newJob({ id, max_retries, backoff_base: 1000, env: { A: 'b' }, cwd: '/' })] })
    if (outcome === null) return
    const { job } = await store.claim(claimOf())
    if (!job) throw new Error(`${id} is not ready`)
    const log = logPath(store.info.folder, String(job.run_token))
    mkdirSync(path.dirname(log), { recursive: true })
    writeFileSync(log, 'one\ntwo\u001b[2J\n')
    if (id === 'processing') return
    const run = { worker: 'w1', host: 'here', run_ms: 5 }
    await store.settle({ id, token: String(job.lease_token), settlement: decide(job, outcome), run })
  }
  await end('completed', { kind: 'exit', exit_code: 0 })
  await end('dead', { kind: 'exit', exit_code: 3 })
  await end('cancelled', { kind: 'cancelled', exit_code: null, signal: 'SIGTERM' })
  await end('retrying', { kind: 'timeout', exit_code: null, signal: 'SIGKILL' }, 3)
  await end('processing', { kind: 'exit', exit_code: 0 })
  await store.insert({ jobs: [newJob({ id: 'pending' }), newJob({ id: 'scheduled', delay_ms: 3_600_000 })] })
  const sample = { supervisor_id: 's1', done: 1, failed: 1, processes: [{ id: 's1', cpu: 1, rss: 1 }] }
  await store.beat({ ...beatOf('s1', ['w1']), sample })
  await store.ask({ id: 'c1', supervisor_id: 's1', kind: 'stop', args: {} })
  await store.setConfig({ key: 'max_retries', value: 2 })
}

/** A populated queue in a file, to copy for each case. */
export async function template(): Promise<{ copy: () => string }> {
  const home = tempFolder(MEMORY)
  const store = await openStore({
    address: path.join(home, 'data', 'queue.db'),
    role: 'command',
    is_alive: () => false,
  })
  await populate(store)
  await store.close()
  writeFileSync(path.join(home, 'jobs.ndjson'), '{"command":"true"}\necho two\n')
  let copies = 0
  const root = tempFolder(MEMORY)
  return {
    copy() {
      const folder = path.join(root, String(copies++))
      cpSync(home, folder, { recursive: true })
      return folder
    },
  }
}
