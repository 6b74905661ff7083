import { formatDuration, iso } from '../../domain/units.ts'
import type { Report, SupervisorEvent } from '../../supervisor/events.ts'
import { lowSpaceText } from '../../views/disk-space.ts'
import type { JobEvent } from '../../worker/messages.ts'
import { safe, safeJson, truncate } from '../terminal/text.ts'
import { localTime } from '../terminal/time.ts'

const COMMAND_COLUMNS = 60

/**
 * Tells a supervisor's events on stdout, one line each: readable, or NDJSON. A reader that goes away does not end the
 * supervisor; it goes on without being heard.
 */
export function eventTeller(json: boolean): Report {
  let heard = true
  process.stdout.on('error', () => {
    heard = false
  })
  const clock = clockFor(process.stdout)
  return (event) => {
    if (!heard) return
    const now = Date.now()
    const line = json ? safeJson({ at: iso(now), ...event }) : `${clock(now)}  ${safe(readable(event))}`
    process.stdout.write(`${line}\n`)
  }
}

/** Local time of day, with the date where lines are kept; worked out once a second, since a busy supervisor tells thousands of lines. */
function clockFor({ isTTY }: { isTTY: boolean }): (now: number) => string {
  let told = { second: Number.NaN, text: '' }
  return (now) => {
    const second = Math.floor(now / 1000)
    if (told.second !== second) told = { second, text: localTime(now).slice(isTTY ? 11 : 0) }
    return told.text
  }
}

function readable(event: SupervisorEvent): string {
  switch (event.event) {
    case 'started':
      return `supervisor ${event.supervisor} (pid ${event.pid}) starts ${workers(event.workers)} on ${event.store}`
    case 'ready':
      return `${workers(event.workers)} ready; stop with Ctrl-C or: queuectl worker stop`
    case 'job':
      return news(event.news)
    case 'worker_ended':
      return `worker ${event.worker} (pid ${event.pid}) ended: ${event.cause}${replaced(event.replaced_in_ms)}`
    case 'recovered':
      return `${event.job}  recovered from ${event.owner}: run ${event.run} ${event.outcome}, ${event.cause}; now ${event.state}`
    case 'stuck':
      return `${event.job}  run ${event.run} cannot be ended: ${event.reason}`
    case 'low_space':
      return `no job is started for now: ${lowSpaceText(event)}`
    case 'enough_space':
      return 'there is space again: jobs are started'
    case 'scaled':
      return `${workers(event.workers)} wanted from now on`
    case 'stopping':
      return `stopping (${event.cause}): ${jobs(event.running)} running${event.running > 0 ? `, up to ${formatDuration(event.grace)} to finish` : ''}`
    case 'escalated':
      return `ending running jobs now (${event.signal})`
    case 'drained':
    case 'not_drained':
      return drain(event.left, event.died)
    case 'stopped':
      return `stopped${event.drained ? '' : ' before all was drained'}${cut(event.killed, event.released)}`
    case 'trouble':
      return `trouble: ${event.message}`
  }
}

function news({ id, run, event, cause, run_ms, retry_ms, command, worker }: JobEvent): string {
  const took = run_ms === null ? '' : ` after ${formatDuration(run_ms / 1000)}`
  switch (event) {
    case 'started':
      return `${id}  started run ${run} on ${worker}: ${truncate(safe(command), COMMAND_COLUMNS)}`
    case 'completed':
      return `${id}  completed${took}`
    case 'retry':
      return `${id}  failed${took}: ${cause}; tried again in ${formatDuration((retry_ms ?? 0) / 1000)}`
    case 'dead':
      return `${id}  dead${took}: ${cause}; see queuectl dlq show ${id}`
    case 'cancelled':
      return `${id}  cancelled${took}`
    case 'released':
      return `${id}  given back${took}: ${cause}`
    case 'lost':
      return `${id}  run ${run} was taken over; its result is dropped`
  }
}

function drain(left: number, died: number): string {
  const came_to = left > 0 ? `not drained in time: ${jobs(left)} left` : 'drained'
  return died > 0 ? `${came_to}; ${jobs(died)} died` : came_to
}

function replaced(ms: number | null): string {
  return ms === null ? '' : `; replaced in ${formatDuration(ms / 1000)}`
}

function cut(killed: number, released: number): string {
  const parts = [killed > 0 ? `${jobs(killed)} killed` : '', released > 0 ? `${jobs(released)} given back` : '']
  const told = parts.filter((part) => part !== '').join(', ')
  return told === '' ? '' : `; ${told}`
}

const workers = (count: number) => `${count} worker${count === 1 ? '' : 's'}`
const jobs = (count: number) => `${count} job${count === 1 ? '' : 's'}`
