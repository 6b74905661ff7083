import type { Config } from '../domain/config.ts'
import type { JobStore } from '../store/port.ts'
import type { Tell } from './events.ts'

/** What a supervisor is told to do. */
export interface SuperviseOptions {
  id: string
  store: JobStore
  /** What workers open the store by. */
  address: string
  config: Config
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
