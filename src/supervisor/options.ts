import { claimFilter } from '../domain/claim-filter.ts'
import type { Settings } from '../domain/settings.ts'
import type { JobStore } from '../store/port.ts'
import type { WorkerSetup } from '../worker/messages.ts'
import type { Report } from './events.ts'

/** What a supervisor is started with. */
export interface SuperviseOptions {
  id: string
  store: JobStore
  /** The address by which workers open the store. */
  address: string
  config: Settings
  count: number
  concurrency: number
  queues: readonly string[] | null
  /** Seconds. */
  grace: number
  /** Stop when no unfinished job remains; `timeout` (seconds) bounds it. */
  drain: boolean
  timeout: number | null
  pass_store: boolean
  /** The log file of this process, when it is detached. */
  log: string | null
  version: string
  /** Identifies this build of the program: workers of another build are refused. */
  build: string
  report: Report
}

/** The part of the setup that is the same for all workers of a pool. */
export type CommonSetup = Omit<WorkerSetup, 'id' | 'poll_ms'>

/** The setup of workers that start now, with the current settings; `lease_ms`: the length of their leases. */
export function workerSetup(options: SuperviseOptions, settings: Settings, lease_ms: number): CommonSetup {
  const { address, concurrency, queues, grace, pass_store } = options
  const filter = claimFilter(queues)
  return { address, settings, concurrency, filter, grace, lease_ms, cwd: process.cwd(), pass_store }
}
