import type { JobState, RunOutcome } from '../domain/job.ts'
import type { RunNews } from '../worker/messages.ts'

/** What a supervisor tells the terminal it was started in; one readable line, or one JSON line, each. */
export type SupervisorEvent =
  | { event: 'started'; supervisor: string; pid: number; workers: number; concurrency: number; store: string }
  | { event: 'ready'; workers: number }
  | ({ event: 'job' } & { news: RunNews })
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
  | { event: 'scaled'; workers: number }
  | { event: 'stopping'; cause: string; running: number; grace: number }
  | { event: 'escalated'; signal: 'SIGTERM' | 'SIGKILL' }
  | { event: 'drained'; died: number }
  | { event: 'stopped'; killed: number; released: number }
  | { event: 'trouble'; message: string }

export type Tell = (event: SupervisorEvent) => void
