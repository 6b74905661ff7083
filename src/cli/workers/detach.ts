import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import path from 'node:path'
import { EXIT, QueuectlError } from '../../domain/errors.ts'
import { monotonic, sleep } from '../../lib/clock.ts'
import { openLog } from '../../lib/fs.ts'
import { lastLines } from '../../logs/log-reader.ts'
import { platform } from '../../platform/platform.ts'
import { selfCommand } from '../../platform/self.ts'
import type { JobStore } from '../../store/port.ts'
import type { Context } from '../context.ts'

const READY_MS = 30_000
const POLL_MS = 25

/**
 * Starts this command again in a new session, without `--detach`, and returns when its workers are ready. If they do
 * not become ready, stops it and throws `not_started` with the cause and the last lines of its log.
 */
export async function startDetached(context: Context, id: string): Promise<void> {
  const store = await context.store()
  const log = path.join(store.info.folder, `${id}.log`)
  const fd = openLog(log)
  const { exec, args } = selfCommand()
  const { address } = await context.address()
  const words = withoutDb(process.argv.slice(2).filter((word) => word !== '--detach'))
  const child = spawn(exec, [...args, ...words], {
    detached: true,
    windowsHide: true,
    stdio: ['ignore', fd, fd],
    env: { ...process.env, QUEUECTL_SUPERVISOR: id, QUEUECTL_SUPERVISOR_LOG: log, QUEUECTL_DB: address },
  })
  closeSync(fd)
  let code: number | null = null
  child.on('exit', (status) => {
    code = status ?? EXIT.internal
  })
  child.on('error', () => {
    code = EXIT.internal
  })
  try {
    await readiness(store, id, log, () => code)
  } catch (error) {
    if (code === null) stop(child.pid)
    throw error
  } finally {
    child.unref()
  }
  const { pid } = child
  if (context.json) return context.outJson({ supervisor: id, pid, log })
  context.out(`workers ready: supervisor ${id} (pid ${pid})\nlog: ${log}\nstop with: queuectl worker stop`)
}

/** Waits until supervisor `id` reports that its workers are ready. `code` returns its exit code; null while it runs. */
async function readiness(store: JobStore, id: string, log: string, code: () => number | null): Promise<void> {
  const until = monotonic() + READY_MS
  for (;;) {
    const row = (await store.processes()).find((process) => process.id === id)
    if (row?.kind === 'supervisor' && row.state === 'running') return
    if (code() !== null || monotonic() > until) throw await notReady(log, code())
    await sleep(POLL_MS)
  }
}

/** After a failed start, no supervisor may remain: its user does not know that it exists. */
function stop(pid = 0): void {
  const identity = platform.identify(pid)
  if (identity !== null && !platform.signal(identity, 'SIGTERM')) platform.signal(identity, 'SIGKILL')
}

/** The address may hold a password, and all users can read the arguments of a process. */
function withoutDb(words: readonly string[]): string[] {
  return words.filter((word, i) => !word.startsWith('--db=') && word !== '--db' && words[i - 1] !== '--db')
}

async function notReady(log: string, code: number | null): Promise<QueuectlError> {
  const last = (await lastLines(log, 3)).join(' | ')
  const why =
    code === null ? `workers not ready within ${READY_MS / 1000} s` : `the supervisor exited with code ${code}`
  return new QueuectlError('not_started', code || EXIT.try_again, `${why}: ${last || 'no output'}`, `log: ${log}`)
}
