import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { newToken } from '../../src/domain/ids.ts'
import type { Job } from '../../src/domain/job.ts'
import { logPath } from '../../src/logs/log-path.ts'
import { openRunJournal } from '../../src/runs/journal.ts'
import { freshJob } from '../../src/store/insertion.ts'
import { type RunHandle, type RunRequest, startRun } from '../../src/worker/runner.ts'
import { newJob } from './new-job.ts'
import { killQuietly } from './processes.ts'
import { tempFolder } from './temp.ts'
import { waitFor } from './wait-for.ts'

/** A job as a claim gives it to a worker. */
export function job(fields: Partial<Job> = {}): Job {
  const enqueued = newJob({ id: 'job1', origin_cwd: null, origin_host: null, insert_token: '' })
  return { ...freshJob(enqueued, 0), state: 'processing', runs: 1, ...fields }
}

/** Makes a command wait until one of its processes has written that file. */
export const untilWritten = (name: string) => `until [ -s ${name} ]; do sleep 0.02; done`

/** Leaves a process behind that ignores SIGTERM. */
export const DEAF = `(trap '' TERM; echo x > is_deaf; exec sleep 60) & echo $! > deaf; ${untilWritten('is_deaf')}`

let root: string | null = null
let labs = 0

/** Runs commands in a fresh folder, where they may write pids. */
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

    /** Kills what a failed test left running. */
    clear(): void {
      for (const { pid } of handles.splice(0)) killQuietly(-(pid ?? 0))
    },
  }
}
