import type { JobState, RunOutcome } from '../domain/job.ts'
import type { LowSpace } from '../domain/processes.ts'
import { monotonic } from '../lib/clock.ts'
import type { JobEvent } from '../worker/messages.ts'

/** What a supervisor reports to the terminal it was started in: one readable line, or one JSON line, per event. */
export type SupervisorEvent =
  | { event: 'started'; supervisor: string; pid: number; workers: number; concurrency: number; store: string }
  | { event: 'ready'; workers: number }
  | ({ event: 'job' } & { news: JobEvent })
  | { event: 'worker_ended'; worker: string; pid: number; cause: string; replaced_in_ms: number | null }
  | {
      event: 'recovered'
      job: string
      run: number
      outcome: RunOutcome
      cause: string
      owner: string
      state: JobState
    }
  | { event: 'stuck'; job: string; run: number; reason: string }
  /** Its workers start no jobs because a disk is short of space, or start jobs again. */
  | ({ event: 'low_space' } & LowSpace)
  | { event: 'enough_space' }
  | { event: 'scaled'; workers: number }
  | { event: 'stopping'; cause: string; running: number; grace: number }
  | { event: 'escalated'; signal: 'SIGTERM' | 'SIGKILL' }
  /** A drain is over; `left`: jobs that remained at its timeout. */
  | { event: 'drained' | 'not_drained'; left: number; died: number }
  /** `drained`: false if something else stopped a drain. */
  | { event: 'stopped'; killed: number; released: number; drained: boolean }
  | { event: 'trouble'; message: string }

export type Report = (event: SupervisorEvent) => void

const TROUBLE_AGAIN_MS = 60_000

/** Reports errors as `trouble` events, the same message once a minute at most. */
export function troubleReporter(report: Report): (error: Error) => void {
  const reported = new Map<string, number>()
  return ({ message }) => {
    const now = monotonic()
    if (now - (reported.get(message) ?? Number.NEGATIVE_INFINITY) < TROUBLE_AGAIN_MS) return
    reported.set(message, now)
    report({ event: 'trouble', message })
  }
}
