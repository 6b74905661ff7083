import type { SupervisorTask } from './parts.ts'
import { HEARTBEAT } from './tasks/beat.ts'
import { KEEP_HOUSE } from './tasks/keep-house.ts'
import { PING } from './tasks/ping.ts'
import { REAP } from './tasks/reap.ts'
import { RECOVER_DEAD } from './tasks/recover-dead.ts'
import { TAKE_REQUESTS } from './tasks/take-requests.ts'
import { WATCH_DRAIN } from './tasks/watch-drain.ts'

/** All periodic tasks, in the order of a tick. A new task is a file in `tasks/` and an entry in `rounds`. */
export const TASKS: Readonly<Record<'requests' | 'deaths' | 'rounds', readonly SupervisorTask[]>> = {
  /** Run before a stop advances: a request may be one to stop. */
  requests: [TAKE_REQUESTS],
  /** Run before dead workers are replaced. */
  deaths: [RECOVER_DEAD],
  rounds: [PING, HEARTBEAT, REAP, KEEP_HOUSE, WATCH_DRAIN],
}

/** Tasks that always run: the supervisor wakes up for them. */
export const REGULAR = Object.values(TASKS)
  .flat()
  .filter(({ when }) => when === undefined)
