import type { Job } from '../domain/job.ts'
import { effectiveSettings } from '../domain/settings.ts'
import { within } from '../lib/async.ts'
import { logPath } from '../lib/fs.ts'
import type { JobStore } from '../store/port.ts'
import { leftTail } from './log-file.ts'

/** Recovery is promised within a second. */
const PATIENCE_MS = 250

/**
 * Keeps the last output of a run whose worker cannot do it any more, for readers on other hosts, if its log lies here: what a job printed
 * before it took its worker down is what people ask for. Never throws, nor takes long.
 */
export async function uploadLeftTail(store: JobStore, job: Job, host: string): Promise<void> {
  if (store.info.shared) await within(PATIENCE_MS, keep(store, job, host)).catch(() => {})
}

async function keep(store: JobStore, { id, runs, run_token }: Job, host: string): Promise<void> {
  const { log_limit, log_tail } = effectiveSettings(await store.config())
  const token = run_token ?? ''
  const path = logPath(store.info.folder, token)
  const left = log_tail === 0 ? null : await leftTail(path, log_limit, log_tail)
  if (left === null) return
  await store.keepOutputs({ outputs: [{ token, job: id, run: runs, host, path, ...left, ended: true }] })
}
