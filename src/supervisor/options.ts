import { claimFilter } from '../domain/claim-filter.ts'
import type { Settings } from '../domain/settings.ts'
import type { JobStore } from '../store/port.ts'
import type { WorkerSetup } from '../worker/messages.ts'
import type { Tell } from './events.ts'

/** What a supervisor is told to do. */
export interface SuperviseOptions {
  id: string
  store: JobStore
  /** What workers open the store by. */
  address: string
  config: Settings
  count: number
  concurrency: number
  queues: readonly string[] | null
  /** Seconds. */
  grace: number
  /** End when nothing is left to run; `timeout` (seconds) bounds it. */
  drain: boolean
  timeout: number | null
  pass_store: boolean
  /** Where this process logs to, when it is detached. */
  log: string | null
  version: string
  /** Which program this is: workers of another one are not let in. */
  build: string
  tell: Tell
}

/** What all workers of a pool are told alike. */
export type CommonSetup = Omit<WorkerSetup, 'id' | 'poll_ms'>

/** What workers are told at their start: the settings as they are now, and the length of their leases. */
export function workerSetup(options: SuperviseOptions, settings: Settings, lease_ms: number): CommonSetup {
  const { address, concurrency, queues, grace, pass_store } = options
  const filter = claimFilter(queues)
  return { address, settings, concurrency, filter, grace, lease_ms, cwd: process.cwd(), pass_store }
}
