import type { SupervisorTask } from './parts.ts'
import { BEAT } from './tasks/beat.ts'
import { KEEP_HOUSE } from './tasks/keep-house.ts'
import { PING } from './tasks/ping.ts'
import { REAP } from './tasks/reap.ts'
import { RECOVER_DEAD } from './tasks/recover-dead.ts'
import { TAKE_REQUESTS } from './tasks/take-requests.ts'
import { WATCH_DRAIN } from './tasks/watch-drain.ts'

/** All that a supervisor does again and again, in the order of a tick. A new task is a file in `tasks/` and a line in `rounds`. */
export const TASKS: Readonly<Record<'requests' | 'deaths' | 'rounds', readonly SupervisorTask[]>> = {
  /** Before a stop goes on: they may ask for one. */
  requests: [TAKE_REQUESTS],
  /** Before dead workers are replaced. */
  deaths: [RECOVER_DEAD],
  rounds: [PING, BEAT, REAP, KEEP_HOUSE, WATCH_DRAIN],
}

/** Those that always run: a supervisor wakes up for them. */
export const REGULAR = Object.values(TASKS)
  .flat()
  .filter(({ when }) => when === undefined)
