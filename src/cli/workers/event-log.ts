import { formatDuration, iso } from '../../domain/units.ts'
import type { Report, SupervisorEvent } from '../../supervisor/events.ts'
import { lowSpaceText } from '../../views/disk-space.ts'
import type { JobEvent } from '../../worker/messages.ts'
import { safe, safeJson, truncate } from '../terminal/text.ts'
import { localTime } from '../terminal/time.ts'

const COMMAND_COLUMNS = 60

/**
 * Prints a supervisor's events on stdout, one line each: readable text or NDJSON. When the reader closes the pipe, the
 * supervisor continues without output.
 */
export function eventPrinter(json: boolean): Report {
  let open = true
  process.stdout.on('error', () => {
    open = false
  })
  const clock = clockFor(process.stdout)
  return (event) => {
    if (!open) return
    const now = Date.now()
    const line = json ? safeJson({ at: iso(now), ...event }) : `${clock(now)}  ${safe(readable(event))}`
    process.stdout.write(`${line}\n`)
  }
}

/**
 * Local time of day; with the date if the lines go to a file. Computed once a second: a busy supervisor prints
 * thousands of lines.
 */
function clockFor({ isTTY }: { isTTY: boolean }): (now: number) => string {
  let last = { second: Number.NaN, text: '' }
  return (now) => {
    const second = Math.floor(now / 1000)
    if (last.second !== second) last = { second, text: localTime(now).slice(isTTY ? 11 : 0) }
    return last.text
  }
}

function readable(event: SupervisorEvent): string {
  switch (event.event) {
    case 'started':
      return `supervisor ${event.supervisor} (pid ${event.pid}) starts ${workers(event.workers)} on ${event.store}`
    case 'ready':
      return `${workers(event.workers)} ready; stop with Ctrl-C or: queuectl worker stop`
    case 'job':
      return jobText(event.news)
    case 'worker_ended':
      return `worker ${event.worker} (pid ${event.pid}) exited: ${event.cause}${replaced(event.replaced_in_ms)}`
    case 'recovered':
      return `${event.job}  recovered from ${event.owner}: run ${event.run} ${event.outcome}, ${event.cause}; now ${event.state}`
    case 'stuck':
      return `${event.job}  run ${event.run} cannot be stopped: ${event.reason}`
    case 'low_space':
      return `starting no jobs for now: ${lowSpaceText(event)}`
    case 'enough_space':
      return 'enough disk space again: starting jobs'
    case 'scaled':
      return `scaled to ${workers(event.workers)}`
    case 'stopping':
      return `stopping (${event.cause}): ${jobs(event.running)} running${event.running > 0 ? `, up to ${formatDuration(event.grace)} to finish` : ''}`
    case 'escalated':
      return `stopping running jobs now (${event.signal})`
    case 'drained':
    case 'not_drained':
      return drain(event.left, event.died)
    case 'stopped':
      return `stopped${event.drained ? '' : ' before the drain was complete'}${unfinished(event.killed, event.released)}`
    case 'trouble':
      return `trouble: ${event.message}`
  }
}

function jobText({ id, run, event, cause, run_ms, retry_ms, command, worker }: JobEvent): string {
  const took = run_ms === null ? '' : ` after ${formatDuration(run_ms / 1000)}`
  switch (event) {
    case 'started':
      return `${id}  started run ${run} on ${worker}: ${truncate(safe(command), COMMAND_COLUMNS)}`
    case 'completed':
      return `${id}  completed${took}`
    case 'retry':
      return `${id}  failed${took}: ${cause}; next run in ${formatDuration((retry_ms ?? 0) / 1000)}`
    case 'dead':
      return `${id}  dead${took}: ${cause}; see queuectl dlq show ${id}`
    case 'cancelled':
      return `${id}  cancelled${took}`
    case 'released':
      return `${id}  released${took}: ${cause}`
    case 'lost':
      return `${id}  run ${run} lost its lease; its result is discarded`
  }
}

function drain(left: number, died: number): string {
  const result = left > 0 ? `not drained in time: ${jobs(left)} remaining` : 'drained'
  return died > 0 ? `${result}; ${jobs(died)} died` : result
}

function replaced(ms: number | null): string {
  return ms === null ? '' : `; replaced in ${formatDuration(ms / 1000)}`
}

function unfinished(killed: number, released: number): string {
  const parts = [killed > 0 ? `${jobs(killed)} killed` : '', released > 0 ? `${jobs(released)} released` : '']
  const text = parts.filter((part) => part !== '').join(', ')
  return text === '' ? '' : `; ${text}`
}

const workers = (count: number) => `${count} worker${count === 1 ? '' : 's'}`
const jobs = (count: number) => `${count} job${count === 1 ? '' : 's'}`
