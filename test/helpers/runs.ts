import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { newToken } from '../../src/domain/ids.ts'
import type { Job } from '../../src/domain/job.ts'
import { logPath } from '../../src/logs/log-path.ts'
import { openRunJournal } from '../../src/runs/journal.ts'
import { type RunHandle, type RunRequest, startRun } from '../../src/worker/runner.ts'
import { killQuietly } from './processes.ts'
import { tempFolder } from './temp.ts'
import { waitFor } from './wait-for.ts'

/** A job as a worker gets it from a claim. */
export function job(fields: Partial<Job> = {}): Job {
  return {
    id: 'job1',
    command: 'true',
    shell: 'default',
    queue: 'default',
    priority: 0,
    max_retries: 3,
    max_interruptions: 3,
    backoff_base: 2,
    backoff_max: 86_400,
    timeout: null,
    cwd: null,
    env: null,
    origin_cwd: null,
    origin_host: null,
    insert_token: '',
    content_hash: null,
    state: 'processing',
    next_run_at: 0,
    attempts: 0,
    runs: 1,
    interruptions: 0,
    worker_deaths: 0,
    requeues: 0,
    created_at: 0,
    updated_at: 0,
    processing_by: null,
    lease_token: null,
    run_token: null,
    locked_at: null,
    lease_expires_at: null,
    started_at: null,
    finished_at: null,
    exit_code: null,
    signal: null,
    reason: null,
    cancel_requested_at: null,
    ...fields,
  }
}

/** Makes a command wait until a process of its own has written that file. */
export const untilWritten = (name: string) => `until [ -s ${name} ]; do sleep 0.02; done`

/** Leaves a process behind that ignores SIGTERM. */
export const DEAF = `(trap '' TERM; echo x > is_deaf; exec sleep 60) & echo $! > deaf; ${untilWritten('is_deaf')}`

let root: string | null = null
let labs = 0

/** Runs commands in a fresh folder, which is theirs to leave pids in. */
export function runLab() {
  root ??= tempFolder()
  const folder = path.join(root, String(labs++))
  mkdirSync(folder)
  const journal = openRunJournal(path.join(folder, 'store.d'))
  const store_folder = path.join(folder, 'store.d')
  const handles: RunHandle[] = []

  /** The pid that a command wrote with `echo … > NAME`. */
  const pidIn = (name: string) =>
    waitFor(
      () => (existsSync(path.join(folder, name)) && Number(readFileSync(path.join(folder, name), 'utf8'))) || null,
      {
        within: 15_000,
        what: `a pid in ${name}`,
      },
    )

  return {
    folder,
    store_folder,
    journal,
    pidIn,

    start(
      command: string,
      { timeout = null, ...request }: Partial<RunRequest> & { timeout?: number | null } = {},
    ): RunHandle {
      const token = newToken()
      const handle = startRun({
        job: job({ command, timeout }),
        token,
        cwd: folder,
        env: { PATH: process.env.PATH ?? '', QUEUECTL_LEASE: token },
        folder: store_folder,
        log_limit: 1024 * 1024,
        journal,
        worker_id: 'w-1',
        ...request,
      })
      handles.push(handle)
      return handle
    },

    async run(command: string, request: Parameters<typeof this.start>[1] = {}) {
      return (await this.start(command, request).outcome).outcome
    },

    log: (token: string) => readFileSync(logPath(store_folder, token)),

    /** Ends what a failed test left behind. */
    clear(): void {
      for (const { pid } of handles.splice(0)) killQuietly(-(pid ?? 0))
    },
  }
}
